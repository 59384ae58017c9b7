import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

export function getString(id: string, signal: AbortSignal): Promise<Schema<"StringState">> {
  return requestJson("StringState", pathOfString(id), { signal });
}

/** Fetches the whole text of a string; throws if it has none to show any more. */
export async function getText(id: string): Promise<string> {
  const { text } = await requestJson("StringState", pathOfString(id));
  if (text === null) throw new Error("the string has no text");
  return text;
}

export function pathOfString(id: string): string {
  return `/dummies/${encodeURIComponent(id)}`;
}
