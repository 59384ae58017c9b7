import { jittered } from "./jitter";

export const FIRST_RETRY = 500;
export const LAST_RETRY = 15_000;
/** The longest Retry-After that is honoured, in milliseconds: the page has to notice that the service is back. */
export const LONGEST_WAIT = 60_000;

/** Returns how long to wait after this number of failed attempts, in milliseconds. */
export function retryDelay(attempts: number, retryAfter: number | null): number {
  const longest = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** (attempts - 1));
  const own = jittered(longest / 2, longest);
  if (retryAfter === null) return own;
  // never before Retry-After, and spread out so that clients do not all return at the same moment
  const asked = Math.min(retryAfter, LONGEST_WAIT);
  return Math.max(own, asked + jittered(0, own));
}
