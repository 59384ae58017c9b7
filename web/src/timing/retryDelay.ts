import { jittered } from "./jitter";

export const FIRST_RETRY = 500;
export const LAST_RETRY = 15_000;
/** A server's Retry-After is followed up to here: the page has to notice that the service is back. */
export const LONGEST_WAIT = 60_000;

/** How long to wait after so many failed attempts, in milliseconds. */
export function retryDelay(attempts: number, retryAfter: number | null): number {
  const longest = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** (attempts - 1));
  const own = jittered(longest / 2, longest);
  if (retryAfter === null) return own;
  // never before the server's time, and not with all others at that very moment
  const asked = Math.min(retryAfter, LONGEST_WAIT);
  return Math.max(own, asked + jittered(0, own));
}
