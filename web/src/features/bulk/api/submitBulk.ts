import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";
import type { Chunk } from "../batch";

/**
 * Submits a chunk's lines, all or none; the key makes a repeated request idempotent. Calls `onMoved` whenever
 * some are sent, and `onUploaded` when all are.
 */
export function submitBulk(
  { key, texts }: Chunk,
  onUploaded: () => void,
  onMoved: () => void,
): Promise<Schema<"BulkAccepted">> {
  return requestJson("BulkAccepted", "/dummies/bulk", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify({ texts }),
    onUploaded,
    onMoved,
  });
}
