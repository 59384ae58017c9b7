import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { READING } from "../../api/reading";
import type { Schema } from "../../api/schema";
import { getHistoryPage } from "./api/getHistoryPage";
import { outlineOf, type PageOutline } from "./outline";

type StringState = Schema<"StringState">;

export const PAGE_SIZE = 50;
/** How often a search that finds little goes on by itself. */
export const ROUNDS_ALONE = 8;
/** For how long what is out of sight is kept: long enough to come back from the page of one string. */
const KEPT = 60_000;
const UNCHANGING = { staleTime: Number.POSITIVE_INFINITY, gcTime: KEPT, ...READING };

/** A search as it is at one visit: what is stored meanwhile is not in it, so that nothing moves. */
export type Search = { query: string; visit: number };

/**
 * Stored strings that contain the query, newest first.
 *
 * Only outlines of pages are kept for good, and strings while they are in sight: a million rows do not fill the memory.
 */
export function useHistory(search: Search) {
  const client = useQueryClient();
  const [goneOnAt, setGoneOnAt] = useState(0);
  const found = useInfiniteQuery({
    queryKey: ["history", search.query, search.visit],
    queryFn: async ({ pageParam, signal }) => {
      const page = await getHistoryPage(search.query, pageParam, PAGE_SIZE, signal);
      client.setQueryData(stringsKey(search, pageParam), page.items);
      return outlineOf(pageParam, page);
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    ...UNCHANGING,
  });
  const pages = found.data?.pages ?? [];
  const loadMore = () => void found.fetchNextPage({ cancelRefetch: false });
  const mustAsk = found.hasNextPage && fruitless(pages, goneOnAt) >= ROUNDS_ALONE;
  const hits = pages.reduce((sum, { count }) => sum + count, 0);
  const hasEnded = found.isSuccess && (!found.hasNextPage || mustAsk || hits >= PAGE_SIZE);
  return {
    pages,
    /** How many are found; null while it goes on before it has filled the view. */
    hits: hasEnded ? hits : null,
    trouble: found.failureReason ?? found.error,
    isWhole: found.isSuccess && !found.hasNextPage,
    /** Whether it is left to the reader to look further back. */
    mustAsk,
    mayLoadMore: found.hasNextPage && !mustAsk && !found.isFetching && !found.error,
    loadMore,
    goOn: () => {
      setGoneOnAt(pages.length);
      loadMore();
    },
  };
}

/** The strings of a page for as long as they are in sight, fetched again where they are no longer at hand. */
export function usePageStrings(search: Search, { cursor, count }: PageOutline): StringState[] | undefined {
  return useQuery({
    queryKey: stringsKey(search, cursor),
    queryFn: ({ signal }) => getStrings(search.query, cursor, count, signal),
    ...UNCHANGING,
  }).data;
}

/** The same strings again; a search may need more rounds for them than at first. */
async function getStrings(query: string, cursor: string | null, count: number, signal: AbortSignal) {
  const strings: StringState[] = [];
  let next = cursor;
  do {
    const page = await getHistoryPage(query, next, count - strings.length, signal);
    strings.push(...page.items);
    next = page.next_cursor;
  } while (strings.length < count && next !== null);
  return strings;
}

function stringsKey({ query, visit }: Search, cursor: string | null) {
  return ["strings-of-page", query, visit, cursor];
}

/** How many pages at the end, not counting those before `from`, were not even filled. */
function fruitless(pages: readonly PageOutline[], from: number): number {
  const filled = pages.findLastIndex(({ count }) => count === PAGE_SIZE);
  return pages.length - Math.max(filled + 1, from);
}
