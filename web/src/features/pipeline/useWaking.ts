import { onlineManager } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { reachability } from "../../api/reachability";
import { isStuck, type Verdict } from "./verdict";

/** Reads wait while the verdict says that they would fail; whatever waits is woken when that has changed. */
export function useWaking(verdict: Verdict, probe: () => void): void {
  const { name, unreadable } = verdict;
  const blocked = isStuck(verdict) || unreadable;
  const before = useRef({ name, blocked });

  useEffect(() => {
    // TanStack Query pauses the retries of reads while it is told that it is offline
    onlineManager.setOnline(!unreadable);
    return () => onlineManager.setOnline(true);
  }, [unreadable]);

  useEffect(() => {
    const { blocked: waited, name: earlier } = before.current;
    before.current = { name, blocked };
    if (waited && (earlier !== name || !blocked)) reachability.recovered();
  }, [name, blocked]);

  useEffect(() => reachability.onWake(probe), [probe]);
}
