import { usePipeline } from "./usePipeline";

/** Polls the pipeline often while mounted; renders nothing. */
export function PipelineWatch() {
  usePipeline(true);
  return null;
}
