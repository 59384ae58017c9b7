import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { ApiError } from "../../api/apiError";
import { reachability } from "../../api/reachability";
import { usePageVisible } from "../../app/usePageVisible";
import { jittered } from "../../timing/jitter";
import { getPipeline } from "./api/getPipeline";
import { PIPELINE_KEY } from "./pipelineKey";
import { useVerdict } from "./useVerdict";
import { isStuck, type Verdict, type VerdictName } from "./verdict";

/** Milliseconds between polls while strings cannot be sent; nothing else is sent meanwhile. */
const PROBE_INTERVAL = 1_500;
export const BUSY_INTERVAL = 2_000;
const QUIET_INTERVAL = 5_000;
/** In a hidden tab, whose title is read all the same. */
const HIDDEN_INTERVAL = 60_000;
/** What only an outage, strings sent elsewhere or an operator changes. */
const LASTING = new Set<VerdictName>([
  "through",
  "setAside",
  "someFailed",
  "yoursFailed",
  "journalSetBack",
  "unaccounted",
  "paused",
]);

/**
 * Polls the pipeline's state: often on request or while it may change soon, otherwise occasionally. Returns the verdict,
 * and a function that polls now.
 */
export function usePipeline(often: boolean): { verdict: Verdict; probe: () => void } {
  const visible = usePageVisible();
  const verdict = useVerdict();
  // drawn once per response, not per render, which would restart the timer
  const [pace] = useState(() => ({ factor: 1, begun: 0 }));
  const { refetch, dataUpdatedAt } = useQuery({
    queryKey: PIPELINE_KEY,
    queryFn: async ({ signal }) => {
      pace.factor = jittered(0.8, 1.2);
      pace.begun = reachability.begin();
      return getPipeline(signal).catch((error: unknown) => {
        if (error instanceof ApiError) reachability.noteFailedCheck(error);
        throw error;
      });
    },
    networkMode: "always",
    refetchInterval: (visible ? intervalOf(verdict, often) : HIDDEN_INTERVAL) * pace.factor,
    refetchIntervalInBackground: true,
  });
  // once the verdict has the new state: before, it would judge the old one for a moment
  useEffect(() => {
    if (dataUpdatedAt > 0) reachability.noteCheck(pace.begun);
  }, [dataUpdatedAt, pace]);
  const probe = useCallback(() => void refetch({ cancelRefetch: false }), [refetch]);
  return { verdict, probe };
}

function intervalOf(verdict: Verdict, often: boolean): number {
  if (isStuck(verdict)) return PROBE_INTERVAL;
  // this browser learned of the failure first: the service counts it within a second
  const uncounted = verdict.name === "yoursFailed" && verdict.failed === 0;
  return often || uncounted || verdict.waiting > 0 || !LASTING.has(verdict.name)
    ? BUSY_INTERVAL
    : QUIET_INTERVAL;
}
