import { type InfiniteData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ApiError } from "../../api/apiError";
import { READING } from "../../api/reading";
import type { Schema } from "../../api/schema";
import { useCurrent } from "../pipeline/useVerdict";
import { getFailed } from "./api/failed";
import { type Asked, latestCounts } from "./pipelineCounts";

export type DeadLetter = Schema<"StringState">;
type Page = Asked<Schema<"FailedPage">>;

/** The pages loaded so far of the dead letters that contain the query; a refresh leaves them in their order. */
export function useFailed(token: string, query: string) {
  const pages = useInfiniteQuery<Page, Error, InfiniteData<Page>, string[], string | null>({
    queryKey: ["failed", token, query],
    queryFn: async ({ pageParam: cursor, signal, client }) => {
      const counts = latestCounts(client);
      return { ...(await getFailed(token, { query, cursor, signal })), counts };
    },
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
    gcTime: 0,
    ...READING,
  });
  const [order] = useState(() => new Map<string, number>());
  const deadLetters = useMemo(() => ordered(pages.data?.pages ?? [], order), [pages.data, order]);
  const error = pages.failureReason ?? pages.error;
  const trouble = useCurrent(error instanceof ApiError ? error.trouble : null);
  return {
    deadLetters,
    /** The number of all dead letters, whatever the query; null until known. */
    total: pages.data?.pages.at(-1)?.total ?? null,
    /** What was known of the pipeline when the oldest page was asked for. */
    counts: pages.data?.pages[0]?.counts ?? null,
    updatedAt: pages.dataUpdatedAt,
    loading: pages.isFetching,
    trouble,
    hasMore: pages.hasNextPage,
    loadMore: () => void pages.fetchNextPage({ cancelRefetch: false }),
    refresh: () => void pages.refetch(),
    pages: pages.data?.pages.length ?? 0,
    follow: () => void pages.refetch({ cancelRefetch: false }),
  };
}

/** Returns each once, in the order in which they were first seen, which is noted in `order`. */
function ordered(pages: readonly Page[], order: Map<string, number>): DeadLetter[] {
  // while dead letters come and go, one may be on two pages
  const byId = new Map(pages.flatMap(({ items }) => items.map((each) => [each.id, each] as const)));
  for (const id of byId.keys()) if (!order.has(id)) order.set(id, order.size);
  const place = ({ id }: DeadLetter) => order.get(id) ?? 0;
  return [...byId.values()].sort((a, b) => place(a) - place(b));
}
