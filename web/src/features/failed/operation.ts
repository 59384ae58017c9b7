import type { Trouble } from "../../api/apiError";

export type Kind = "retry" | "discard";

/** Some dead letters, all with a reason, or all whose text or reason contains the query. */
export type Target = { ids: readonly string[] } | Group;
export type Group = { reason: string } | { query: string };

/** Whether it is about all dead letters, whatever their text and reason. */
export function isAll(target: Target): boolean {
  return "query" in target && target.query === "";
}

/** What an operator has confirmed; `why` goes to the service's log. */
export type Job = { kind: Kind; target: Target; why: string };

/** Whether it is to be confirmed first: everything but the retry of a single string. */
export function asksFirst({ kind, target }: Job): boolean {
  return kind !== "retry" || !("ids" in target) || target.ids.length !== 1;
}

export type Tally = {
  done: number;
  /** Those that were no longer there, or changed meanwhile. */
  skipped: number;
  /** Those that were no longer there after a request without an answer: done by it, or by another operator. */
  unclear: number;
  refused: number;
  /** Those not looked at yet; of a group, among dead letters of any reason. Null until known. */
  left: number | null;
  /** What `left` was at the beginning. */
  total: number | null;
  /** False if an answer was lost: more may be done than was counted. */
  exact: boolean;
};

export type Operation = { id: string; job: Job; tally: Tally } & (
  | { phase: "running"; stopping: boolean; waitsFor: Trouble | null }
  | { phase: "ended"; end: "complete" | "stopped" | "interrupted" | Trouble }
);

/** How an operation tells what is left to do, what it has done, and what it waits for. */
export type Reports = {
  signal: AbortSignal;
  onJob: (job: Job) => void;
  onTally: (tally: Tally) => void;
  onWaiting: (trouble: Trouble) => void;
};

export const NOTHING_DONE: Tally = {
  done: 0,
  skipped: 0,
  unclear: 0,
  refused: 0,
  left: null,
  total: null,
  exact: true,
};
