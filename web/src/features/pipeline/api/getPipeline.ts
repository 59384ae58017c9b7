import { requestJson } from "../../../api/request";
import type { Schema } from "../../../api/schema";

export function getPipeline(signal: AbortSignal): Promise<Schema<"Pipeline">> {
  return requestJson("Pipeline", "/pipeline", { signal, isOpen: true });
}
