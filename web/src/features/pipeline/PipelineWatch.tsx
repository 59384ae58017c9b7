import { usePipeline } from "./usePipeline";

/** Has the pipeline looked at often for as long as it is there; it draws nothing. */
export function PipelineWatch() {
  usePipeline(true);
  return null;
}
