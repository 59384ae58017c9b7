import { v5 } from "uuid";
import { longestWait } from "../../api/exchange";
import { askStatus } from "./api/askStatus";

/** The namespace of the ids that derive from a key, as in the service's api/ids.py. */
const KEYS = "6f1a6c1e-52a2-4d0f-9a5c-0d3f3f0f6d10";
/** Ids in a question: it must be smaller than what was refused for its size. */
const PER_QUESTION = 200;
const INDEX_DIGITS = 4;

/** Returns the id that the service gives a text that is submitted alone under this key. */
export function idUnder(key: string, text: string): string {
  return laidOut(key, text, 8);
}

/** Returns the ids that the service gives the strings of a bulk request: they derive from the key and all its texts. */
export function idsUnder(key: string, texts: readonly string[]): string[] {
  const common = laidOut(key, texts.join("\0"), 9).slice(0, -INDEX_DIGITS);
  return texts.map((_, index) => common + index.toString(16).padStart(INDEX_DIGITS, "0"));
}

/** Returns a UUID of version 8 whose place derives from the key alone: core/ids.py describes the layout. */
function laidOut(key: string, name: string, kind: 8 | 9): string {
  const hashed = v5(`${key}\0${name}`, KEYS);
  return `${hashed.slice(0, 14)}8${v5(key, KEYS).slice(-3)}-${kind}${hashed.slice(20)}`;
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
