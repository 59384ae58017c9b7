import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

/** The API answers for at most this many ids at a time. */
export const MAX_IDS_PER_QUERY = 100;

/** Asks what became of up to 100 strings in one request. */
export function getStringStates(
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Schema<"StringStates">> {
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  return requestJson(`/dummies/?${query}`, { signal });
}
