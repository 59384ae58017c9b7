import { type Batch, LISTED, type Outcome, type RefusedLine } from "./batch";
import type { SavedBatch } from "./storage";

/** The batch as every tab sees it. */
export type Progress = {
  batch: Batch;
  /** The numbers of the chunks that are not settled. */
  pending: readonly number[];
  /** Those of them that were tried. */
  tried: readonly number[];
  /** The strings in them: the service may keep them. */
  underWay: number;
  accepted: number;
  /** The first hundred. */
  refused: readonly RefusedLine[];
  refusedCount: number;
  /** Those of which something was accepted. */
  outcomes: readonly Outcome[];
  /** Of the accepted strings, those that are stored, failed, or no longer there, as far as it is known. */
  stored: number;
  failed: number;
  gone: number;
};

/** Returns the counts of what is saved. */
export function progressOf({ batch, pending, tried, outcomes }: SavedBatch): Progress {
  const sum = { accepted: 0, refusedCount: 0, stored: 0, failed: 0, gone: 0 };
  for (const { accepted, refusedCount, fate } of outcomes) {
    sum.accepted += accepted;
    sum.refusedCount += refusedCount;
    sum.stored += fate?.stored ?? 0;
    sum.failed += fate?.failed ?? 0;
    sum.gone += fate?.gone ?? 0;
  }
  const refused = outcomes.flatMap((outcome) => outcome.refused).sort((a, b) => a.line - b.line);
  return {
    batch,
    pending,
    tried: tried.map(({ number }) => number),
    underWay: tried.reduce((all, { strings }) => all + strings, 0),
    ...sum,
    refused: refused.slice(0, LISTED),
    outcomes: outcomes.filter(({ accepted }) => accepted > 0),
  };
}

/**
 * Returns the numbers of the chunks that are to be sent now: first those that were not tried, so that two tabs that
 * cannot agree do not send the same ones.
 */
export function toSend({ batch, pending, tried }: Progress): readonly number[] {
  if (batch.intent === "cancel") return tried;
  // of an upgraded batch everything counts as tried
  if (batch.intent === "pause") return batch.upgraded ? [] : tried;
  return batch.intent === "send" ? [...pending.filter((number) => !tried.includes(number)), ...tried] : [];
}

/** Whether the batch has come to an end, though a cancelled one can be resumed. */
export function isOver({ batch, pending, tried }: Progress): boolean {
  if (pending.length === 0 || batch.intent === "leave") return true;
  return batch.intent === "cancel" && tried.length === 0;
}

/** How many strings were never sent. */
export function unsentOf({ batch, accepted, refusedCount, underWay }: Progress): number {
  return batch.strings - accepted - refusedCount - underWay;
}
