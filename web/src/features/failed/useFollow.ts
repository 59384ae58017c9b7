import { useEffect, useState } from "react";
import { usePipelineData } from "../pipeline/usePipelineData";

type List = { total: number | null; updatedAt: number; refresh: () => void };

/**
 * Refreshes the list when the service has more or fewer dead letters, unless rows would move under the reader.
 *
 * Returns whether there are such changes that wait to be shown.
 */
export function useFollow(
  { total, updatedAt, refresh }: List,
  held: boolean,
  isRead: () => boolean,
): boolean {
  const failed = usePipelineData()?.failed ?? null;
  /** When the list was updated that has changed since; times are not compared, because the clock may be set. */
  const [outdated, setOutdated] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list may be newer than the count that was read
  useEffect(() => {
    if (failed === null || total === null || failed === total) return;
    if (held || isRead()) setOutdated(updatedAt);
    else refresh();
  }, [failed, held]);
  return outdated === updatedAt;
}
