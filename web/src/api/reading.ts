import { retryDelay } from "../timing/retryDelay";
import { ApiError } from "./apiError";

/** Reading harms nothing, so it is tried again for as long as it may succeed. */
export const READING = {
  retry: (_failures: number, error: Error) => error instanceof ApiError && error.transient,
  retryDelay: (failures: number, error: Error) =>
    retryDelay(failures + 1, error instanceof ApiError ? error.retryAfter : null),
};
