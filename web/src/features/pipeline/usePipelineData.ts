import { skipToken, useQuery } from "@tanstack/react-query";
import type { Schema } from "../../api/schema";
import { PIPELINE_KEY } from "./pipelineKey";

/** The latest state of the pipeline, or null; the strip above every view polls it. */
export function usePipelineData(): Schema<"Pipeline"> | null {
  const { data } = useQuery<Schema<"Pipeline">>({ queryKey: PIPELINE_KEY, queryFn: skipToken });
  return data ?? null;
}
