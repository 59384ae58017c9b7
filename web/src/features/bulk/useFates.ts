import { useEffect, useEffectEvent, useState } from "react";
import { usePageVisible } from "../../app/usePageVisible";
import { jittered } from "../../timing/jitter";
import { BUSY_INTERVAL } from "../pipeline/usePipeline";
import { usePipelineData } from "../pipeline/usePipelineData";
import { useBatchParts } from "./batchParts";
import { FateWatch } from "./fateWatch";
import type { Progress } from "./progress";

/** Keeps the counts of stored and failed strings up to date while the view is visible. */
export function useFates(progress: Progress): void {
  const { batches } = useBatchParts();
  const pipeline = usePipelineData();
  const visible = usePageVisible();
  const [watch] = useState(() => new FateWatch(batches));
  const look = useEffectEvent((signal: AbortSignal) => {
    if (pipeline) void watch.look(progress, pipeline, signal);
  });
  useEffect(() => {
    if (!visible) return;
    const abort = new AbortController();
    look(abort.signal);
    const timer = setInterval(() => look(abort.signal), jittered(0.8, 1.2) * BUSY_INTERVAL);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [visible]);
}
