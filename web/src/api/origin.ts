let origin = "";

/**
 * Learns from /settings.json where the API is: at the page's own origin, unless the server of the page says otherwise.
 *
 * Without an answer within 2 s the page's own origin is taken, so that it opens all the same.
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

/** The address of one of the API's paths. */
export function apiUrl(path: string): string {
  return origin + path;
}
