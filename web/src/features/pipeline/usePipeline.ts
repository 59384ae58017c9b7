import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePageVisible } from "../../app/usePageVisible";
import { jittered } from "../../timing/jitter";
import { getPipeline } from "./api/getPipeline";
import { judge, type Verdict } from "./verdict";

export const PIPELINE_KEY = ["pipeline"];
export const BUSY_INTERVAL = 2_000;
export const QUIET_INTERVAL = 10_000;
const TRANSIENT_TONES: ReadonlySet<Verdict["tone"]> = new Set(["neutral", "wait"]);

/**
 * Polls the pipeline's state: often on request, while the state is unknown, or while it may change soon; otherwise
 * occasionally.
 */
export function usePipeline(often: boolean): Verdict {
  const visible = usePageVisible();
  // drawn once per response, not per render, which would restart the timer
  const [pace] = useState(() => ({ factor: 1 }));
  const { data, error } = useQuery({
    queryKey: PIPELINE_KEY,
    queryFn: async ({ signal }) => {
      pace.factor = jittered(0.8, 1.2);
      return getPipeline(signal);
    },
    enabled: visible,
    refetchInterval: ({ state: { data, error } }) =>
      (often || TRANSIENT_TONES.has(judge(data, error).tone) ? BUSY_INTERVAL : QUIET_INTERVAL) * pace.factor,
  });
  return judge(data, error);
}
