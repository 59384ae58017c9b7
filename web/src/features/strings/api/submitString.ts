import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

type Submission = { key: string; text: string; onMoved: () => void };

/** Submits a string; its key makes repeated requests idempotent. `onMoved` is called whenever a part of it is sent. */
export function submitString({ key, text, onMoved }: Submission): Promise<Schema<"Accepted">> {
  const body: Schema<"SubmitRequest"> = { text };
  return requestJson("Accepted", "/dummies/", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(body),
    onMoved,
  });
}
