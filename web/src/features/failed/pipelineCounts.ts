import type { QueryClient } from "@tanstack/react-query";
import type { Schema } from "../../api/schema";
import { PIPELINE_KEY } from "../pipeline/pipelineKey";

type Pipeline = Schema<"Pipeline">;

/** An answer about dead letters, with what was known of the pipeline when it was asked for. */
export type Asked<Answer> = Answer & { counts: string | null };

/**
 * Returns what differs from the time before if a string became a dead letter or ceased to be one. The number of dead
 * letters alone does not: one may be discarded while another fails, and one that is retried may fail again.
 */
export function countsOf({
  failed,
  settled_total: settled,
}: Pick<Pipeline, "failed" | "settled_total">): string {
  return [failed, settled].join();
}

/** The same of the latest state of the pipeline; null if there is none yet. */
export function latestCounts(client: QueryClient): string | null {
  const pipeline = client.getQueryData<Pipeline>(PIPELINE_KEY);
  return pipeline ? countsOf(pipeline) : null;
}
