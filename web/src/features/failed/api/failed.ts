import { requestJson, requestNothing } from "../../../api/request";
import type { Schema } from "../../../api/schema";

const PAGE_SIZE = 50;
/** Characters of each text: as many as its row shows without being unfolded. */
const PREVIEW = 400;

type Page = { query: string; cursor: string | null; signal: AbortSignal };

export const asOperator = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Fetches a page of the dead letters that contain the query, in no particular order. */
export function getFailed(token: string, page: Page): Promise<Schema<"FailedPage">> {
  const asked = new URLSearchParams({ limit: `${PAGE_SIZE}`, preview: `${PREVIEW}` });
  if (page.query) asked.set("q", page.query);
  if (page.cursor) asked.set("cursor", page.cursor);
  return requestJson("FailedPage", `/dummies/failed?${asked}`, {
    headers: asOperator(token),
    signal: page.signal,
  });
}

/** Counts dead letters by reason, from an earlier count's cursor on. */
export function getReasons(
  token: string,
  { cursor, signal }: Omit<Page, "query">,
): Promise<Schema<"FailedGroups">> {
  const asked = cursor === null ? "" : `?${new URLSearchParams({ cursor })}`;
  return requestJson("FailedGroups", `/dummies/failed/reasons${asked}`, {
    headers: asOperator(token),
    signal,
  });
}

export function retryFailed(token: string, id: string): Promise<Schema<"Accepted">> {
  return requestJson("Accepted", `/dummies/${id}/retry`, { method: "POST", headers: asOperator(token) });
}

/** Deletes a dead letter permanently; the reason goes to the service's log. */
export function discardFailed(token: string, id: string, reason: string): Promise<void> {
  const asked = new URLSearchParams({ reason });
  return requestNothing(`/dummies/${id}?${asked}`, { method: "DELETE", headers: asOperator(token) });
}
