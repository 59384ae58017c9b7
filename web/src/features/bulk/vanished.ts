import type { Settled } from "./batch";
import type { Progress } from "./progress";

/** Returns the first of these batches that is not there now although no tab has deleted it. */
export function vanishedOf(
  before: readonly (Progress | null)[],
  now: Progress | null,
  deleted: readonly string[],
): Progress | null {
  const isGone = ({ batch }: Progress) => batch.id !== now?.batch.id && !deleted.includes(batch.id);
  return before.find((each) => each !== null && isGone(each)) ?? null;
}

/** Counts what a late answer says of this batch, once for each chunk, if it is the one that is gone. */
export function withLate(vanished: Progress | null, id: string, { outcome }: Settled): Progress | null {
  if (vanished?.batch.id !== id || vanished.outcomes.some(({ number }) => number === outcome.number))
    return vanished;
  const { accepted, outcomes } = vanished;
  return { ...vanished, accepted: accepted + outcome.accepted, outcomes: [...outcomes, outcome] };
}
