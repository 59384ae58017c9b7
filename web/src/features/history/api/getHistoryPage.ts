import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

/** More characters than fit into three lines of the widest layout. */
export const PREVIEW = 400;

/** Fetches the beginnings of stored strings that contain the query, newest first, from a cursor backwards (null: from the newest). */
export function getHistoryPage(
  query: string,
  cursor: string | null,
  limit: number,
  signal: AbortSignal,
): Promise<Schema<"HistoryPage">> {
  return requestJson("HistoryPage", pathOfPage(query, cursor, limit), { signal });
}

export function pathOfPage(query: string, cursor: string | null, limit: number): string {
  const parameters = new URLSearchParams({ limit: `${limit}`, preview: `${PREVIEW}` });
  if (query) parameters.set("q", query);
  if (cursor !== null) parameters.set("cursor", cursor);
  return `/dummies/?${parameters}`;
}
