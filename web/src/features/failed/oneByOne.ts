import { discardFailed, retryFailed } from "./api/failed";
import type { Job, Reports, Tally } from "./operation";
import { faultOf, waitFor } from "./retries";

const MAX_CONCURRENT = 4;
/** The string is no longer a dead letter, or gone. */
const HANDLED = new Set(["not-failed", "unknown-string"]);
const TOKEN_REFUSED = new Set(["operator-only", "operator-disabled"]);

type Outcome = "done" | "skipped" | "refused";

/**
 * Retries or discards single dead letters, a few concurrently, until done or aborted; those in flight finish.
 *
 * Retries transient errors, with backoff. Throws an ApiError if the token is refused.
 */
export async function runOneByOne(
  { kind, why, ids }: Pick<Job, "kind" | "why"> & { ids: readonly string[] },
  before: Tally,
  token: string,
  reports: Reports,
): Promise<void> {
  const left = new Set(ids);
  const waiting = [...ids];
  let tally: Tally = { ...before, left: left.size, total: before.total ?? left.size };
  reports.onTally(tally);
  const act = (id: string) => (kind === "retry" ? retryFailed(token, id) : discardFailed(token, id, why));
  async function workOn() {
    for (let id = waiting.shift(); id !== undefined && !reports.signal.aborted; id = waiting.shift()) {
      const outcome = await outcomeOf(() => act(id), reports);
      if (outcome === null) return;
      left.delete(id);
      tally = { ...tally, [outcome]: tally[outcome] + 1, left: left.size };
      reports.onJob({ kind, why, target: { ids: [...left] } });
      reports.onTally(tally);
    }
  }
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, workOn));
}

/** Returns null if aborted before the outcome was known. */
async function outcomeOf(ask: () => Promise<unknown>, reports: Reports): Promise<Outcome | null> {
  for (let attempts = 1; !reports.signal.aborted; attempts++) {
    try {
      await ask();
      return "done";
    } catch (error) {
      const fault = faultOf(error);
      if (TOKEN_REFUSED.has(fault.trouble.code)) throw fault;
      if (!fault.transient) return HANDLED.has(fault.trouble.code) ? "skipped" : "refused";
      await waitFor(fault, attempts, reports);
    }
  }
  return null;
}
