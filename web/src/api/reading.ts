import { retryDelay } from "../timing/retryDelay";
import { ApiError } from "./apiError";
import { outageOf } from "./reachability";

/** Milliseconds: while nothing answers, retries wait for the poll that finds out, so they need no longer back-off. */
const LONGEST_WAIT = 2_000;

/** Query options for reads: they have no side effects, so they are retried for as long as the error is transient. */
export const READING = {
  retry: (_failures: number, error: Error) => error instanceof ApiError && error.transient,
  retryDelay: (failures: number, error: Error) => {
    const fault = error instanceof ApiError ? error : null;
    const delay = retryDelay(failures + 1, fault?.retryAfter ?? null);
    return fault && outageOf(fault.trouble) === "no-answer" ? Math.min(delay, LONGEST_WAIT) : delay;
  },
};
