import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";
import type { Chunk } from "../batch";

/** A megabyte takes its time on a slow line. */
const TIMEOUT = 30_000;

/** Hands a chunk's lines to the journal: all of them or none. The key makes a repeat the same strings. */
export function submitBulk({ key, texts }: Chunk): Promise<Schema<"BulkAccepted">> {
  return requestJson("/dummies/bulk", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify({ texts }),
    timeout: TIMEOUT,
  });
}
