import { focusManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;
let stopWatching = () => {};

/** When today began, in milliseconds by this device's clock and time zone; a page may stay open over midnight. */
export function useToday(): number {
  return useSyncExternalStore(subscribe, beginningOfToday, beginningOfToday);
}

const beginningOfToday = () => new Date().setHours(0, 0, 0, 0);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    sleepUntilMidnight();
    // the timer does not run while the device sleeps
    stopWatching = focusManager.subscribe(wake);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(timer);
    stopWatching();
  };
}

function sleepUntilMidnight(): void {
  clearTimeout(timer);
  timer = setTimeout(wake, new Date().setHours(24, 0, 0, 0) - Date.now());
}

function wake(): void {
  for (const listener of listeners) listener();
  sleepUntilMidnight();
}
