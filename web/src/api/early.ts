import type { Answer } from "./exchange";

declare global {
  interface Window {
    /** The request that shell.js has sent before the page's code ran, if any. */
    early?: { path: string; answer: Promise<Answer>; arrived?: boolean } | undefined;
  }
}

/** Whether a request was sent before the page's code ran, and has been answered. */
export function hasEarlyAnswer(): boolean {
  return window.early?.arrived ?? false;
}

/** Returns the answer to a request that was sent before the page's code ran, once; null if there is none. */
export async function takeEarlyAnswer(path: string): Promise<Answer | null> {
  const { early } = window;
  if (early?.path !== path) return null;
  window.early = undefined;
  return early.answer.catch(() => null);
}
