import { ApiError, pageError } from "../../api/apiError";
import { retryDelay } from "../../timing/retryDelay";
import { getManyFailed } from "./api/failed";

const MAX_CONCURRENT = 4;
/** The string is no longer a dead letter, or gone: another operator has handled it. */
const DONE_BY_OTHERS = new Set(["not-failed", "unknown-string"]);
const TOKEN_REFUSED = new Set(["operator-only", "operator-disabled"]);

export type Tally = { done: number; byOthers: number; refused: number };

type Watch = { signal: AbortSignal; onProgress: (tally: Tally) => void };

/** Returns the ids of all dead letters that contain the query; retries through outages. */
export async function collectIds(
  token: string,
  query: string,
  signal: AbortSignal,
  onProgress: (found: number) => void,
): Promise<string[]> {
  const ids = new Set<string>();
  const pageFrom = (cursor: string | null) =>
    withRetries(() => getManyFailed(token, { query, cursor, signal }), signal);
  let page = await pageFrom(null);
  for (;;) {
    for (const { id } of page.items) ids.add(id);
    onProgress(ids.size);
    if (page.next_cursor === null) break;
    page = await pageFrom(page.next_cursor);
  }
  return [...ids];
}

/** Applies an action to each dead letter, a few concurrently, until done or aborted; throws if the token is refused. */
export async function workThrough(
  ids: readonly string[],
  act: (id: string) => Promise<unknown>,
  { signal, onProgress }: Watch,
): Promise<Tally> {
  const tally: Tally = { done: 0, byOthers: 0, refused: 0 };
  const waiting = [...ids];
  async function workOn() {
    for (let id = waiting.shift(); id !== undefined && !signal.aborted; id = waiting.shift()) {
      const outcome = await outcomeOf(id, act, signal);
      if (outcome === null) return;
      tally[outcome]++;
      onProgress({ ...tally });
    }
  }
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, workOn));
  return tally;
}

/** Returns null if aborted before the outcome was known. */
async function outcomeOf(
  id: string,
  act: (id: string) => Promise<unknown>,
  signal: AbortSignal,
): Promise<keyof Tally | null> {
  try {
    await withRetries(() => act(id), signal);
    return "done";
  } catch (error) {
    if (signal.aborted) return null;
    if (!(error instanceof ApiError) || TOKEN_REFUSED.has(error.trouble.code)) throw error;
    return DONE_BY_OTHERS.has(error.trouble.code) ? "byOthers" : "refused";
  }
}

/** Retries transient errors, with backoff, until aborted. */
async function withRetries<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      const fault = error instanceof ApiError ? error : pageError("unexpected-answer");
      if (!fault.transient) throw fault;
      await sleep(retryDelay(attempts, fault.retryAfter), signal);
    }
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
