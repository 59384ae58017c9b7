import type { Schema } from "../../api/schema";

/**
 * Returns what differs from the time before if a string was settled, retried or discarded, or if the database was
 * unavailable: whatever has ended may then be in another state.
 */
export function movementOf({ settled_total: settled, failed, database }: Schema<"Pipeline">): string {
  return [settled, failed, database.status, database.since].join();
}
