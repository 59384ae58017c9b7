import { useEffect, useState } from "react";
import { usePipelineData } from "../pipeline/usePipelineData";
import { countsOf } from "./pipelineCounts";

/** Milliseconds until what may have changed is read again: strings that are stored move the counts all the time. */
const PATIENCE = 5_000;

type List = {
  /** The number of all dead letters when the list was read; null while it is not to be followed. */
  total: number | null;
  /** What was known of the pipeline when the list was asked for. */
  counts: string | null;
  updatedAt: number;
  /** In how many requests it was read. */
  pages: number;
  refresh: () => void;
};

/** Whether rows may move: never, not while they are read, or always. */
export type Hold = "held" | "while-read" | "free";

/** Whether a list differs from what the service has: certainly, as the numbers do, or perhaps. */
export type Outdated = "certainly" | "perhaps" | null;

/**
 * Refreshes the list when dead letters have come or gone since it was asked for, unless rows would move under the reader.
 *
 * Returns whether there are such changes that wait to be shown.
 */
export function useFollow(
  { total, counts, updatedAt, pages, refresh }: List,
  hold: Hold,
  isRead: () => boolean,
): Outdated {
  const pipeline = usePipelineData();
  const failed = pipeline?.failed ?? null;
  const moved = pipeline !== null && failed !== null && total !== null && countsOf(pipeline) !== counts;
  /** When the list was updated that has changed since; times are not compared, because the clock may be set. */
  const [outdated, setOutdated] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the parent passes new functions on every render
  useEffect(() => {
    if (!moved) return;
    const holds = () => hold === "held" || (hold === "while-read" && isRead());
    // what may have changed is not worth reading many pages again and again
    const isCostly = pages > 1 && failed === total;
    const follow = () => (isCostly || holds() ? setOutdated(updatedAt) : refresh());
    const timer = setTimeout(follow, failed === total ? PATIENCE : 0);
    return () => clearTimeout(timer);
  }, [moved, failed, total, hold, updatedAt, pages]);
  if (outdated !== updatedAt) return null;
  return failed === null || failed === total ? "perhaps" : "certainly";
}
