import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

/** The API's limit per request. */
export const MAX_IDS_PER_QUERY = 100;

/** Fetches the states of up to 100 strings in one request, without their texts. */
export function getStringStates(
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Schema<"StringStates">> {
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  query.set("preview", "0");
  return requestJson("StringStates", `/dummies/?${query}`, { signal });
}
