import {
  infiniteQueryOptions,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useState } from "react";
import { READING } from "../../api/reading";
import type { Schema } from "../../api/schema";
import { getHistoryPage } from "./api/getHistoryPage";
import { outlineOf, type PageOutline } from "./outline";
import { savedPlace } from "./place";
import { useCurrentTrouble } from "./useCurrentTrouble";

type StringState = Schema<"StringState">;

export const PAGE_SIZE = 50;
/** The number of sparse pages after which a search stops and asks whether to continue. */
export const AUTOMATIC_ROUNDS = 8;
/** Milliseconds for which strings that are not visible stay cached: enough to come back from a string's page. */
const CACHE_TIME = 60_000;
const UNCHANGING = { staleTime: Number.POSITIVE_INFINITY, gcTime: CACHE_TIME, ...READING };

/** A search at one visit: strings stored meanwhile are not added, so that nothing moves. */
export type Search = { query: string; visit: number };

/**
 * Stored strings that contain the query, newest first.
 *
 * Page outlines stay in memory, strings only while they are visible: a million rows do not exhaust it.
 */
export function useHistory(search: Search) {
  const client = useQueryClient();
  const [continuedAt, setContinuedAt] = useState(0);
  const found = useInfiniteQuery(pagesOptions(client, search));
  const pages = found.data?.pages ?? [];
  const loadMore = () => void found.fetchNextPage({ cancelRefetch: false });
  const mustAsk = found.hasNextPage && sparsePages(pages, continuedAt) >= AUTOMATIC_ROUNDS;
  const hits = pages.reduce((sum, { count }) => sum + count, 0);
  const hasEnded = found.isSuccess && (!found.hasNextPage || mustAsk || hits >= PAGE_SIZE);
  return {
    pages,
    /** The number of hits; null while the search is running and has not filled a page. */
    hits: hasEnded ? hits : null,
    trouble: useCurrentTrouble(found.failureReason ?? found.error),
    isWhole: found.isSuccess && !found.hasNextPage,
    /** Whether the search has stopped and the reader decides if it continues. */
    mustAsk,
    mayLoadMore: found.hasNextPage && !mustAsk && !found.isFetching && !found.error,
    loadMore,
    continueSearch: () => {
      setContinuedAt(pages.length);
      loadMore();
    },
  };
}

/** Milliseconds after which what was prefetched is no longer taken for new. */
const FRESH = 30_000;
let prefetched = 0;

/** Fetches the first strings of a visit that begins with this page. */
export async function prefetchHistory(client: QueryClient): Promise<void> {
  const visit = savedPlace()?.visit ?? Date.now();
  await client.prefetchInfiniteQuery({ ...pagesOptions(client, { query: "", visit }), retry: false });
  prefetched = visit;
}

/** Begins a visit: the one whose strings were prefetched, or the one that the reader comes back to, or a new one. */
export function beginVisit(): number {
  const now = Date.now();
  const visit = savedPlace()?.visit ?? (now - prefetched < FRESH ? prefetched : now);
  prefetched = 0;
  return visit;
}

function pagesOptions(client: QueryClient, search: Search) {
  return infiniteQueryOptions({
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
}

/** The strings of a page, fetched again if they are no longer cached. */
export function usePageStrings(search: Search, { cursor, count }: PageOutline): StringState[] | undefined {
  return useQuery({
    queryKey: stringsKey(search, cursor),
    queryFn: ({ signal }) => getStrings(search.query, cursor, count, signal),
    ...UNCHANGING,
  }).data;
}

/** Fetches the strings of a page again; a search may need more requests for them than the first time. */
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

/** The number of trailing pages, from index `from` on, that are not full. */
function sparsePages(pages: readonly PageOutline[], from: number): number {
  const filled = pages.findLastIndex(({ count }) => count === PAGE_SIZE);
  return pages.length - Math.max(filled + 1, from);
}
