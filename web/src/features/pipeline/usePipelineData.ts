import { skipToken, useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { reachability } from "../../api/reachability";
import type { Schema } from "../../api/schema";
import { PIPELINE_KEY } from "./pipelineKey";

/** The latest state of the pipeline, however old, or null; the strip above every view polls it. */
export function usePipelineData(): Schema<"Pipeline"> | null {
  const { data } = useQuery<Schema<"Pipeline">>({ queryKey: PIPELINE_KEY, queryFn: skipToken });
  return data ?? null;
}

/** Likewise; null also while it cannot be read. */
export function useCurrentPipeline(): Schema<"Pipeline"> | null {
  const { subscribe, snapshot } = reachability;
  const { checked } = useSyncExternalStore(subscribe, snapshot, snapshot);
  const { data, isError } = useQuery<Schema<"Pipeline">>({ queryKey: PIPELINE_KEY, queryFn: skipToken });
  return checked && !isError ? (data ?? null) : null;
}
