import { pageError } from "./apiError";
import { exchange } from "./exchange";

/** Null until /settings.json has been read. */
let origin: string | null = "";
let reading: Promise<string> | undefined;
const listeners = new Set<() => void>();

/** Reads the API's origin from /settings.json; requests wait for it, the page does not. */
export async function loadApiOrigin(): Promise<void> {
  origin = null;
  // a request that needs it asks again
  await apiOrigin().catch(() => undefined);
}

/** Returns the API's origin; "" if it is the page's own. Throws an ApiError if nothing answers. */
export async function apiOrigin(): Promise<string> {
  if (origin !== null) return origin;
  reading ??= readOrigin().finally(() => {
    reading = undefined;
  });
  return reading;
}

/** The API's origin as far as it is known; "" until then. */
export function knownApiOrigin(): string {
  return origin ?? "";
}

export function subscribeApiOrigin(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function readOrigin(): Promise<string> {
  const { status, text } = await exchange("/settings.json");
  const named = status === 404 ? "" : parseOrigin(text);
  if (named === null) throw pageError(status >= 500 ? "unreachable" : "unexpected-answer");
  origin = named;
  for (const listener of listeners) listener();
  return origin;
}

/** Returns the origin that the settings name; null for anything else, such as the page that a proxy answers with. */
function parseOrigin(settings: string): string | null {
  try {
    const { apiOrigin }: { apiOrigin: unknown } = JSON.parse(settings);
    return typeof apiOrigin === "string" ? apiOrigin : null;
  } catch {
    return null;
  }
}
