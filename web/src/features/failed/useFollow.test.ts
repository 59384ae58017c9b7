import { renderHook } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { pipeline } from "../../testing/fakeApi";
import { usePipelineData } from "../pipeline/usePipelineData";
import { useFollow } from "./useFollow";

vi.mock("../pipeline/usePipelineData");

const follow = (list: { total: number; updatedAt: number }) =>
  renderHook(
    (now: { total: number; updatedAt: number }) =>
      useFollow({ ...now, refresh: () => {} }, true, () => false),
    {
      initialProps: list,
    },
  );
const failed = (count: number) => vi.mocked(usePipelineData).mockReturnValue(pipeline({ failed: count }));

beforeEach(() => {
  vi.useFakeTimers();
});

it("says that a held list has changed until it is refreshed, whatever the clock does meanwhile", () => {
  failed(2);
  const updatedAt = Date.now();
  const { result, rerender } = follow({ total: 2, updatedAt });
  expect(result.current).toBe(false);
  vi.setSystemTime(updatedAt - 3_600_000);
  failed(3);
  rerender({ total: 2, updatedAt });
  expect(result.current).toBe(true);
  rerender({ total: 3, updatedAt: Date.now() });
  expect(result.current).toBe(false);
});
