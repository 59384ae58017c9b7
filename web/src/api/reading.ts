import { retryDelay } from "../timing/retryDelay";
import { ApiError } from "./apiError";

/** Query options for reads: they have no side effects, so they are retried for as long as the error is transient. */
export const READING = {
  retry: (_failures: number, error: Error) => error instanceof ApiError && error.transient,
  retryDelay: (failures: number, error: Error) =>
    retryDelay(failures + 1, error instanceof ApiError ? error.retryAfter : null),
};
