import { ApiError, problemCode } from "../../api/apiError";
import { type Progress, runGroup } from "./api/runGroup";
import type { Group, Job, Reports, Tally } from "./operation";
import { faultOf, mayBeDone, waitFor } from "./retries";

/**
 * Retries or discards a group until the service has looked at all dead letters, or until aborted; returns which.
 *
 * An answer that breaks off, or is not complete, is followed by another request, after a pause. Throws an ApiError if
 * the service refuses the request, for example because of the token.
 */
export async function runWholeGroup(
  job: Job & { target: Group },
  before: Tally,
  token: string,
  reports: Reports,
): Promise<"complete" | "stopped"> {
  let tally = before;
  const report = (next: Tally) => {
    tally = next;
    reports.onTally(next);
  };
  for (let attempts = 1; ; attempts++) {
    const { done } = tally;
    try {
      await runOnce(job, tally, token, { ...reports, onTally: report });
      return "complete";
    } catch (error) {
      const fault = faultOf(error);
      if (!fault.transient) throw fault;
      if (mayBeDone(fault)) report({ ...tally, exact: false });
      if (tally.done > done) attempts = 1;
      await waitFor(fault, attempts, reports);
      if (reports.signal.aborted) return "stopped";
    }
  }
}

async function runOnce(
  { kind, target, why }: Job & { target: Group },
  before: Tally,
  token: string,
  { signal, onTally }: Reports,
): Promise<void> {
  const body = {
    reasons: "reason" in target ? [target.reason] : ("all" as const),
    ...("query" in target && target.query !== "" && { q: target.query }),
    ...(kind === "discard" && { why }),
  };
  const lines: Progress[] = [];
  await runGroup(kind, token, body, signal, (line) => {
    lines.push(line);
    onTally(added(before, line, lines[0]?.left ?? 0));
  });
  const { complete, problem } = lines.at(-1) ?? {};
  if (complete) return;
  if (problem) throw new ApiError({ code: problemCode(problem.type), detail: problem.detail }, true);
  throw faultOf(null);
}

function added(before: Tally, { done, skipped, left, complete }: Progress, total: number): Tally {
  return {
    ...before,
    done: before.done + done,
    // this request looks at those again that an earlier one skipped
    skipped,
    // what others took meanwhile was not looked at
    left: complete ? 0 : left,
    total,
  };
}
