import { answerError, pageError } from "./apiError";
import { apiUrl } from "./origin";

const TIMEOUT = 5_000;

/**
 * Asks the API and returns the decoded body.
 *
 * Throws an ApiError for everything but a 2xx with JSON in it: no answer, none within 5 s, an error status.
 */
export async function requestJson<Body>(path: string, init: RequestInit = {}): Promise<Body> {
  const abort = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    abort.abort();
  }, TIMEOUT);
  const cancel = () => abort.abort();
  init.signal?.addEventListener("abort", cancel);
  try {
    const response = await fetch(apiUrl(path), { ...init, cache: "no-store", signal: abort.signal }).catch(
      () => {
        throw pageError(timedOut ? "timed-out" : "unreachable");
      },
    );
    if (!response.ok) throw await answerError(response);
    return await response.json().catch(() => {
      throw pageError(timedOut ? "timed-out" : "unexpected-answer");
    });
  } finally {
    clearTimeout(timer);
    init.signal?.removeEventListener("abort", cancel);
  }
}
