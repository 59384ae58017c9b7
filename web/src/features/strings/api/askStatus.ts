import type { Question } from "../../../api/exchange";
import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

/** Asks what became of up to 2,000 strings. */
export function askStatus(
  ids: readonly string[],
  question: Pick<Question, "signal" | "waits">,
): Promise<Schema<"StatusSummary">> {
  return requestJson("StatusSummary", "/dummies/status", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ids }),
    ...question,
  });
}
