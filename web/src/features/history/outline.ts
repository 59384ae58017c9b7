import type { Schema } from "../../api/schema";

/** What stays in memory of each page; its strings are fetched again when they become visible again. */
export type PageOutline = {
  cursor: string | null;
  nextCursor: string | null;
  lookedBackTo: string | null;
  count: number;
  /** The ids of the strings on the first page. */
  newestIds: readonly string[];
  /** The index and time of each day's first string on the page; the first entry is always at 0. */
  days: readonly { from: number; at: number }[];
};

/** Strings of one page and one day: the unit that is rendered or left out. */
export type Fragment = { page: PageOutline; from: number; to: number };
export type Day = { at: number; fragments: readonly Fragment[] };

export function outlineOf(cursor: string | null, page: Schema<"HistoryPage">): PageOutline {
  const times = known(page.items.map(storedAt));
  const days = times
    .map((at, from) => ({ at, from }))
    .filter(({ at, from }) => from === 0 || !sameDay(at, times[from - 1] ?? at));
  return {
    cursor,
    nextCursor: page.next_cursor,
    lookedBackTo: page.looked_back_to,
    count: page.items.length,
    newestIds: cursor === null ? page.items.map(({ id }) => id) : [],
    days,
  };
}

/** Puts the time before it, or else the first one after it, in the place of each that is none: they are in order. */
function known(times: readonly number[]): number[] {
  let last = times.find((at) => !Number.isNaN(at)) ?? Number.NaN;
  return times.map((at) => {
    if (!Number.isNaN(at)) last = at;
    return last;
  });
}

/** Groups the pages by day; a day may span pages, and a page days. */
export function daysOf(pages: readonly PageOutline[]): Day[] {
  const days: { at: number; fragments: Fragment[] }[] = [];
  for (const page of pages) {
    page.days.forEach(({ from, at }, index) => {
      const fragment = { page, from, to: page.days[index + 1]?.from ?? page.count };
      const last = days.at(-1);
      if (last && (Number.isNaN(at) || sameDay(last.at, at))) last.fragments.push(fragment);
      else days.push({ at, fragments: [fragment] });
    });
  }
  return days;
}

export function fragmentKey({ page, from }: Fragment): string {
  return `${page.cursor} ${from}`;
}

export function storedAt(string: Schema<"StringState">): number {
  return Date.parse(string.stored_at ?? string.received_at);
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
