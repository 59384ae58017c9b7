import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

/** Submits a string; its key makes repeated requests idempotent. */
export function submitString(string: { key: string; text: string }): Promise<Schema<"Accepted">> {
  const body: Schema<"SubmitRequest"> = { text: string.text };
  return requestJson("Accepted", "/dummies/", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": string.key },
    body: JSON.stringify(body),
  });
}
