import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

export function getString(id: string, signal: AbortSignal): Promise<Schema<"StringState">> {
  return requestJson(`/dummies/${encodeURIComponent(id)}`, { signal });
}
