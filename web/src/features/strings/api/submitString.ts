import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

/** Hands a string to the journal. The key makes a repeat the same string, however often it is sent. */
export function submitString(string: { key: string; text: string }): Promise<Schema<"Accepted">> {
  const body: Schema<"SubmitRequest"> = { text: string.text };
  return requestJson("/dummies/", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": string.key },
    body: JSON.stringify(body),
  });
}
