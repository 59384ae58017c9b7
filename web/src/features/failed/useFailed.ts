import { type InfiniteData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ApiError } from "../../api/apiError";
import { READING } from "../../api/reading";
import type { Schema } from "../../api/schema";
import { getFailed } from "./api/failed";

export type DeadLetter = Schema<"StringState">;
type Page = Schema<"FailedPage">;

/** The pages loaded so far of the dead letters that contain the query. */
export function useFailed(token: string, query: string) {
  const pages = useInfiniteQuery<Page, Error, InfiniteData<Page>, string[], string | null>({
    queryKey: ["failed", token, query],
    queryFn: ({ pageParam: cursor, signal }) => getFailed(token, { query, cursor, signal }),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
    gcTime: 0,
    ...READING,
  });
  const deadLetters = useMemo(() => unique(pages.data?.pages ?? []), [pages.data]);
  const error = pages.failureReason ?? pages.error;
  return {
    deadLetters,
    /** The number of all dead letters, whatever the query; null until known. */
    total: pages.data?.pages.at(-1)?.total ?? null,
    loading: pages.isFetching,
    trouble: error instanceof ApiError ? error.trouble : null,
    hasMore: pages.hasNextPage,
    loadMore: () => void pages.fetchNextPage({ cancelRefetch: false }),
    refresh: () => void pages.refetch(),
  };
}

/** Removes duplicates: while dead letters come and go, one may be on two pages. */
function unique(pages: readonly Page[]): DeadLetter[] {
  const deadLetters = pages.flatMap(({ items }) =>
    items.map((deadLetter) => [deadLetter.id, deadLetter] as const),
  );
  return [...new Map(deadLetters).values()];
}
