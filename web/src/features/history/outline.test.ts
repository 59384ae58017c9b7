import { describe, expect, it } from "vitest";
import type { Schema } from "../../api/schema";
import { daysOf, outlineOf } from "./outline";

function page(...storedAt: string[]): Schema<"HistoryPage"> {
  const items = storedAt.map((at, index) => ({
    id: `${index}`,
    status: "stored" as const,
    received_at: at,
    stored_at: at,
    text: "x",
    attempts: null,
    reason: null,
  }));
  return { items, next_cursor: "7", looked_back_to: null };
}

describe("pages by day", () => {
  it("have strings whose time is none on the day of those before, or else after, them", () => {
    const pages = [
      outlineOf(null, page("garbage", "2026-01-03T12:00:00", "garbage", "2026-01-02T12:00:00")),
      outlineOf("7", page("garbage", "garbage")),
    ];
    expect(daysOf(pages).map(({ fragments }) => fragments.map(({ from, to }) => [from, to]))).toEqual([
      [[0, 3]],
      [
        [3, 4],
        [0, 2],
      ],
    ]);
  });

  it("are one day across pages, and several days within one", () => {
    const pages = [
      outlineOf(null, page("2026-01-03T12:00:00", "2026-01-02T23:59:59")),
      outlineOf("7", page("2026-01-02T00:00:00", "2025-12-31T12:00:00", "2025-12-31T11:00:00")),
    ];
    const days = daysOf(pages).map(({ at, fragments }) => [
      new Date(at).getDate(),
      fragments.map(({ page, from, to }) => [pages.indexOf(page), from, to]),
    ]);
    expect(days).toEqual([
      [3, [[0, 0, 1]]],
      [
        2,
        [
          [0, 1, 2],
          [1, 0, 1],
        ],
      ],
      [31, [[1, 1, 3]]],
    ]);
  });

  it("are none if a search has found nothing", () => {
    expect(daysOf([outlineOf(null, page())])).toEqual([]);
  });
});
