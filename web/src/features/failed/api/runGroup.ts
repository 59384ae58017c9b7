import { requestLines } from "../../../api/request";
import type { Schema } from "../../../api/schema";
import { asOperator } from "./failed";

export type Progress = Schema<"GroupProgress">;
type Group = { reasons: readonly string[] | "all"; q?: string; why?: string };

/**
 * Retries or discards a group of dead letters, and reports each line of the service's progress, of which it sends one a
 * second.
 *
 * Throws as requestLines. If the signal or an error ends it, the service stops after the dead letters that it is
 * working on.
 */
export function runGroup(
  kind: "retry" | "discard",
  token: string,
  group: Group,
  signal: AbortSignal,
  onProgress: (line: Progress) => void,
): Promise<void> {
  const headers = { ...asOperator(token), "Content-Type": "application/json" };
  const body = JSON.stringify(group);
  const question = { method: "POST", headers, body, signal };
  return requestLines("GroupProgress", `/dummies/failed/${kind}`, question, onProgress);
}
