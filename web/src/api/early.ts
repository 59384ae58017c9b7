import { pageError } from "./apiError";
import type { Answer } from "./exchange";

declare global {
  interface Window {
    /** The request that early.js has sent before the page's code ran, if any; not once another view is selected. */
    early?: { path: string; answer: Promise<Answer>; arrivedAt: number | null } | undefined;
  }
}

/** Milliseconds after which an answer is no longer taken for news: the page's code may have waited for its tab to be seen. */
const FRESH = 30_000;

/** Whether a request was sent before the page's code ran, and has succeeded. */
export function hasEarlyAnswer(): boolean {
  return window.early !== undefined && window.early.arrivedAt !== null;
}

/** Returns the answer to a request that was sent before the page's code ran, once; null if there is none. */
export async function takeEarlyAnswer(path: string): Promise<Answer | null> {
  const { early } = window;
  if (early?.path !== path) return null;
  window.early = undefined;
  if (early.arrivedAt !== null && performance.now() - early.arrivedAt > FRESH) return null;
  return early.answer.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "TimeoutError") throw pageError("timed-out");
    return null;
  });
}
