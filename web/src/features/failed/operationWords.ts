import type { Messages } from "../../i18n/en";
import { delayWords, refusalWords } from "../../i18n/troubles";
import { isAll, type Operation, type Target } from "./operation";

type Words = Messages["failed"];
type Running = Extract<Operation, { phase: "running" }>;
type Ended = Extract<Operation, { phase: "ended" }>;

/** Longer reasons are cut off. */
const SHOWN_REASON = 200;

/** A reason, in a length that fits into a sentence. */
export function reasonWords(reason: string, { noReason }: Words): string {
  const characters = [...(reason || noReason)];
  return characters.length > SHOWN_REASON
    ? `${characters.slice(0, SHOWN_REASON).join("")}…`
    : characters.join("");
}

/** Says which strings are meant; `count` is used for those that were chosen one by one. */
export function targetWords(target: Target, count: number, failed: Words): string {
  const { which } = failed;
  if ("ids" in target) return which.chosen(count);
  if ("reason" in target) return which.withReason(reasonWords(target.reason, failed));
  return isAll(target) ? which.all : which.containing(target.query);
}

export function runningWords(operation: Running, messages: Messages): string {
  const { failed } = messages;
  const { waitsFor } = operation;
  return sentences(titleWords(operation, failed), waitsFor && failed.waiting(delayWords(waitsFor, messages)));
}

export function progressWords({ job, tally: { done, left, total } }: Running, failed: Words): string {
  const known = left !== null && total !== null;
  return sentences(failed.soFar[job.kind](done), known && failed.lookedAt(total - left, total));
}

export function resultWords(operation: Ended, messages: Messages): string {
  const { failed } = messages;
  const { job, tally, end } = operation;
  const { done, skipped, unclear, refused, left, exact } = tally;
  const untouched = "ids" in job.target ? failed.untouched : failed.notLookedAt;
  return sentences(
    end !== "complete" && titleWords(operation, failed),
    endWords(end, messages),
    noneLeft(operation) ? failed.noneLeft[job.kind] : failed.finished[job.kind](done),
    !exact && failed.notExact,
    skipped > 0 && failed.skipped(skipped),
    unclear > 0 && failed.unclear[job.kind](unclear),
    refused > 0 && failed.refused(refused),
    left !== null && left > 0 && untouched(left),
  );
}

/** Whether a group was empty when the service looked at it, as far as its answers tell. */
function noneLeft({ job: { target }, tally, end }: Ended): boolean {
  const { done, skipped, exact } = tally;
  return end === "complete" && !("ids" in target) && exact && done + skipped === 0;
}

function titleWords({ job, tally }: Operation, failed: Words): string {
  return failed.working[job.kind](targetWords(job.target, tally.total ?? 0, failed));
}

function endWords(end: Ended["end"], messages: Messages): string | null {
  const { failed } = messages;
  if (end === "complete") return null;
  if (end === "stopped" || end === "interrupted") return failed.ended[end];
  if (end.code === "operator-only") return failed.ended.tokenRefused;
  return end.code === "operator-disabled" ? failed.disabledHint : refusalWords(end, messages);
}

function sentences(...parts: (string | null | false)[]): string {
  return parts.filter(Boolean).join(" ");
}
