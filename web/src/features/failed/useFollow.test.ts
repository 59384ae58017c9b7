import { act, renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { pipeline } from "../../testing/fakeApi";
import { usePipelineData } from "../pipeline/usePipelineData";
import { countsOf } from "./pipelineCounts";
import { type Hold, useFollow } from "./useFollow";

vi.mock("../pipeline/usePipelineData");

const refresh = vi.fn();
const list = (total: number, failed: number, settled: number) => ({
  total,
  counts: countsOf({ failed, settled_total: settled }),
  updatedAt: Date.now(),
  pages: 1,
  refresh,
});
type List = ReturnType<typeof list>;
const follow = (initialProps: List, hold: Hold) =>
  renderHook((now: List) => useFollow(now, hold, () => true), { initialProps });
const counts = (failed: number, settled: number) =>
  vi.mocked(usePipelineData).mockReturnValue(pipeline({ failed, settled_total: settled }));

const wait = (milliseconds: number) => act(() => vi.advanceTimersByTime(milliseconds));

beforeEach(() => {
  vi.useFakeTimers();
  refresh.mockClear();
});

describe("a list that is held", () => {
  it("has changed until it is refreshed, whatever the clock does meanwhile", () => {
    counts(2, 5);
    const before = list(2, 2, 5);
    const { result, rerender } = follow(before, "held");
    expect(result.current).toBeNull();
    vi.setSystemTime(before.updatedAt - 3_600_000);
    counts(3, 6);
    rerender(before);
    wait(0);
    rerender(before);
    expect(result.current).toBe("certainly");
    rerender(list(3, 3, 6));
    expect(result.current).toBeNull();
    expect(refresh).not.toHaveBeenCalled();
  });

  it("may have changed if as many failed as before while others were settled", () => {
    counts(2, 5);
    const before = list(2, 2, 5);
    const { result, rerender } = follow(before, "held");
    counts(2, 6);
    rerender(before);
    wait(10_000);
    rerender(before);
    expect(result.current).toBe("perhaps");
  });
});

describe("a list that is followed", () => {
  it("is refreshed if it was read while the strings of a retry were in the journal", () => {
    counts(40, 40);
    const { rerender } = follow(list(40, 40, 40), "free");
    // the poll before the list was read saw all 40 failed, and so does the one after it
    const between = list(0, 40, 40);
    rerender(between);
    expect(refresh).not.toHaveBeenCalled();
    counts(40, 80);
    rerender(between);
    wait(0);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("is refreshed if one was discarded while another failed between two polls", () => {
    counts(5, 5);
    const before = list(5, 5, 5);
    const { rerender } = follow(before, "free");
    counts(5, 6);
    rerender(before);
    wait(10_000);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("is read again a few times a minute while strings are stored all the time", () => {
    let shown = list(5, 5, 0);
    const { rerender } = follow(shown, "free");
    for (let second = 1; second <= 60; second++) {
      counts(5, second);
      rerender(shown);
      const asked = refresh.mock.calls.length;
      wait(1_000);
      if (refresh.mock.calls.length > asked) shown = list(5, 5, second);
    }
    expect(refresh.mock.calls.length).toBeGreaterThanOrEqual(6);
    expect(refresh.mock.calls.length).toBeLessThanOrEqual(12);
  });

  it("says that it may have changed instead of reading many pages again and again", () => {
    counts(5, 5);
    const before = { ...list(5, 5, 5), pages: 2 };
    const { result, rerender } = follow(before, "free");
    counts(5, 6);
    rerender(before);
    wait(10_000);
    rerender(before);
    expect([result.current, refresh.mock.calls.length]).toEqual(["perhaps", 0]);
    counts(6, 7);
    rerender(before);
    wait(0);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("is left alone if the count is older than what it was asked with", () => {
    counts(5, 5);
    follow(list(4, 5, 5), "free");
    wait(10_000);
    expect(refresh).not.toHaveBeenCalled();
  });
});
