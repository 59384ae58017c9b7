import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

const PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 200;

type Page = { query: string; cursor: string | null; signal: AbortSignal };

const asOperator = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Fetches a page of the dead letters that contain the query, in no particular order. */
export function getFailed(token: string, page: Page, limit = PAGE_SIZE): Promise<Schema<"FailedPage">> {
  const asked = new URLSearchParams({ limit: `${limit}` });
  if (page.query) asked.set("q", page.query);
  if (page.cursor) asked.set("cursor", page.cursor);
  return requestJson(`/dummies/failed?${asked}`, { headers: asOperator(token), signal: page.signal });
}

/** Fetches a page of the largest size, for reading all of them. */
export function getManyFailed(token: string, page: Page): Promise<Schema<"FailedPage">> {
  return getFailed(token, page, MAX_PAGE_SIZE);
}

export function retryFailed(token: string, id: string): Promise<Schema<"Accepted">> {
  return requestJson(`/dummies/${id}/retry`, { method: "POST", headers: asOperator(token) });
}

/** Deletes a dead letter permanently; the reason goes to the service's log. */
export function discardFailed(token: string, id: string, reason: string): Promise<void> {
  const asked = new URLSearchParams({ reason });
  return requestJson(`/dummies/${id}?${asked}`, { method: "DELETE", headers: asOperator(token) });
}
