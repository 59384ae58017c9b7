import { type InfiniteData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { READING } from "../../api/reading";
import type { Schema } from "../../api/schema";
import { getReasons } from "./api/failed";
import { type Asked, latestCounts } from "./pipelineCounts";

type Counts = Asked<Schema<"FailedGroups">>;
export type Group = Schema<"FailedGroup">;

/**
 * The dead letters by reason, the largest group first, as far as they are counted. They are asked for once the token is
 * known to be right: the service counts wrong ones, and two at a time would be two.
 */
export function useReasons(token: string, isRight: boolean) {
  const counts = useInfiniteQuery<Counts, Error, InfiniteData<Counts>, string[], string | null>({
    queryKey: ["failed-reasons", token],
    queryFn: async ({ pageParam: cursor, signal, client }) => {
      const counts = latestCounts(client);
      return { ...(await getReasons(token, { cursor, signal })), counts };
    },
    initialPageParam: null,
    getNextPageParam: (count) => count.next_cursor,
    enabled: isRight,
    staleTime: 0,
    gcTime: 0,
    ...READING,
  });
  const pages = counts.data?.pages ?? [];
  const groups = useMemo(() => summed(counts.data?.pages ?? []), [counts.data]);
  return {
    groups,
    /** Whether the first answer is still to come; a list below would move then. */
    pending: counts.isPending && counts.failureCount === 0,
    /** How many dead letters are counted, and how many there are. */
    counted: pages.reduce((sum, page) => sum + page.looked_at, 0),
    total: pages.at(-1)?.total ?? 0,
    hasMore: counts.hasNextPage,
    /** What was known of the pipeline when the count began. */
    counts: pages[0]?.counts ?? null,
    updatedAt: counts.dataUpdatedAt,
    pages: pages.length,
    countMore: () => void counts.fetchNextPage({ cancelRefetch: false }),
    refresh: () => void counts.refetch(),
    follow: () => void counts.refetch({ cancelRefetch: false }),
  };
}

function summed(pages: readonly Counts[]): Group[] {
  const sums = new Map<string, number>();
  for (const { reason, count } of pages.flatMap(({ items }) => items))
    sums.set(reason, (sums.get(reason) ?? 0) + count);
  return [...sums].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}
