import { answerError, pageError } from "./apiError";
import { apiUrl } from "./origin";

const TIMEOUT = 5_000;

type Init = RequestInit & {
  /** Milliseconds; 5 s by default, which is too short for large bodies. */
  timeout?: number;
};

/**
 * Sends a request to the API and returns the decoded body.
 *
 * Throws an ApiError on a network error, a timeout, an error status, or a 2xx without JSON other than 204.
 */
export async function requestJson<Body>(
  path: string,
  { timeout = TIMEOUT, ...init }: Init = {},
): Promise<Body> {
  const abort = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    abort.abort();
  }, timeout);
  const cancel = () => abort.abort();
  init.signal?.addEventListener("abort", cancel);
  try {
    const response = await fetch(apiUrl(path), { ...init, cache: "no-store", signal: abort.signal }).catch(
      () => {
        throw pageError(timedOut ? "timed-out" : "unreachable");
      },
    );
    if (!response.ok) throw await answerError(response);
    if (response.status === 204) return undefined as Body;
    return await response.json().catch(() => {
      throw pageError(timedOut ? "timed-out" : "unexpected-answer");
    });
  } finally {
    clearTimeout(timer);
    init.signal?.removeEventListener("abort", cancel);
  }
}
