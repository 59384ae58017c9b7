import { v5 } from "uuid";
import { ApiError } from "../../api/apiError";
import { longestWait } from "../../api/exchange";
import { askStatus } from "./api/askStatus";

/** The namespace of the ids that derive from a key, as in the service's api/ids.py. */
const KEYS = "6f1a6c1e-52a2-4d0f-9a5c-0d3f3f0f6d10";

/** Returns the id that the service gives a text under this key; `index` is its place in a bulk request. */
export function idUnder(key: string, text: string, index?: number): string {
  return v5([key, ...(index === undefined ? [] : [index]), text].join("\0"), KEYS);
}

/**
 * Finds out whether the service has strings whose request was refused for its size; throws an ApiError, after which the
 * request is to be sent again, if that is not known.
 *
 * When a connection that was kept open breaks, a browser sends the request again by itself, and tells no one: the refusal
 * may be the answer to the second copy, and the first one accepted by a server with another limit. Waits until that
 * must have happened.
 */
export async function areKept(ids: readonly string[]): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, longestWait(0)));
  const { not_found: gone, unavailable } = await askStatus(ids).catch((error: unknown) => {
    throw error instanceof ApiError ? new ApiError(error.trouble, true, error.retryAfter) : error;
  });
  if (gone.length + unavailable < ids.length) return true;
  if (unavailable > 0) throw new ApiError({ code: "database-away", detail: "" }, true);
  return false;
}
