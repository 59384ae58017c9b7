import { describe, expect, it, vi } from "vitest";
import { FIRST_RETRY, LAST_RETRY, LONGEST_WAIT, retryDelay } from "./retryDelay";

describe("retryDelay", () => {
  it("doubles from half a second to fifteen, with jitter in the upper half", () => {
    const random = vi.spyOn(Math, "random");
    random.mockReturnValue(0);
    expect([1, 2, 3, 6, 50].map((n) => retryDelay(n, null))).toEqual([250, 500, 1000, 7500, 7500]);
    random.mockReturnValue(1);
    expect([1, 2, 3, 6, 50].map((n) => retryDelay(n, null))).toEqual([
      FIRST_RETRY,
      1000,
      2000,
      LAST_RETRY,
      LAST_RETRY,
    ]);
  });

  it("follows Retry-After up to a limit, with jitter", () => {
    const random = vi.spyOn(Math, "random");
    random.mockReturnValue(0);
    expect(retryDelay(1, 3_000)).toBe(3_000);
    expect(retryDelay(1, 1e9)).toBe(LONGEST_WAIT);
    random.mockReturnValue(1);
    expect(retryDelay(1, 3_000)).toBeGreaterThan(3_000);
  });
});
