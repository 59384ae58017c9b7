import { v5 } from "uuid";
import { longestWait } from "../../api/exchange";
import { askStatus } from "./api/askStatus";

/** The namespace of the ids that derive from a key, as in the service's api/ids.py. */
const KEYS = "6f1a6c1e-52a2-4d0f-9a5c-0d3f3f0f6d10";
/** Ids in a question: it must be smaller than what was refused for its size. */
const PER_QUESTION = 200;

/** Returns the id that the service gives a text under this key; `index` is its place in a bulk request. */
export function idUnder(key: string, text: string, index?: number): string {
  return v5([key, ...(index === undefined ? [] : [index]), text].join("\0"), KEYS);
}

/**
 * Returns those of the ids that the service does not have, though their request was refused for its size; null if no one
 * knows that now, or this page may not: `reader-only`. Throws the ApiError of a question that fails.
 *
 * When a connection that was kept open breaks, a browser sends the request again by itself, and tells no one: the refusal
 * may be the answer to the second copy, and the first one accepted by a server with another limit, in part if Redis then
 * failed. Waits until that must have happened.
 */
export async function missingOf(ids: readonly string[]): Promise<readonly string[] | null> {
  await new Promise((resolve) => setTimeout(resolve, longestWait(0)));
  const missing: string[] = [];
  for (let start = 0; start < ids.length; start += PER_QUESTION) {
    const { not_found: gone, unavailable } = await askStatus(ids.slice(start, start + PER_QUESTION), {
      waits: false,
    });
    if (unavailable > 0) return null;
    missing.push(...gone);
  }
  return missing;
}
