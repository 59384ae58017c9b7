let origin = "";

/**
 * Reads the API's origin from /settings.json; the default is the page's own origin.
 *
 * Falls back to the page's own origin after 2 s without a response, so that the page opens anyway.
 */
export async function loadApiOrigin(): Promise<void> {
  try {
    const response = await fetch("/settings.json", { signal: AbortSignal.timeout(2_000) });
    const settings: { apiOrigin: string } = await response.json();
    origin = settings.apiOrigin;
  } catch {
    origin = "";
  }
}

/** Returns the URL of a path of the API. */
export function apiUrl(path: string): string {
  return origin + path;
}
