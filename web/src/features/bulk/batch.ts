import type { Trouble } from "../../api/apiError";

/** The most lines that are listed per list; beyond it only their number is shown. */
export const LISTED = 100;

/** A line that the service refused, with the reason in the service's words. */
export type RefusedLine = { line: number; detail: string };

/** Up to 2,000 lines for one request, always under the same idempotency key. */
export type Chunk = {
  readonly number: number;
  readonly key: string;
  readonly lines: readonly number[];
  readonly texts: readonly string[];
  /** Lines removed from the chunk because the service refused them. */
  readonly refused: readonly RefusedLine[];
};

/** The counts of a finished chunk. */
export type Outcome = {
  readonly number: number;
  readonly accepted: number;
  /** The first hundred. */
  readonly refused: readonly RefusedLine[];
  readonly refusedCount: number;
  /** The service's count of accepted strings after this chunk; 0 if none of it was accepted. */
  readonly acceptedTotal: number;
};

/** A chunk's part of the receipt: the ids of its accepted lines, and the refused lines. */
export type ChunkReceipt = {
  readonly number: number;
  readonly lines: readonly number[];
  readonly ids: readonly string[];
  readonly refused: readonly RefusedLine[];
};

/** What the user wants to happen to the batch; `stopped` is set by the page, for the reason in `trouble`. */
export type Intent = "send" | "pause" | "stopped" | "cancel";

/** A batch of lines being sent. */
export type Batch = {
  readonly name: string | null;
  readonly createdAt: number;
  readonly lines: number;
  readonly empty: number;
  readonly leftOut: number;
  readonly strings: number;
  readonly intent: Intent;
  readonly trouble: Trouble | null;
};
