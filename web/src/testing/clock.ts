import { act } from "@testing-library/react";
import { vi } from "vitest";

const STEP = 25;
const realImmediate = setImmediate;

/** Stops the clock; responses still arrive, because only timers and dates are faked. */
export function stopClock(): void {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
}

/** Advances the clock in small steps, so that responses can arrive in between. */
export async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed <= milliseconds; passed += STEP) {
    await act(async () => {
      await vi.advanceTimersByTimeAsync(Math.min(STEP, milliseconds - passed));
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => realImmediate(resolve));
    });
  }
}
