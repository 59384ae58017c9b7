import type { Trouble } from "../../api/apiError";

/** Lines of a kind that are listed; of all others only the number is told. */
export const LISTED = 100;

/** A line that the service did not take, with its reason in the service's words. */
export type RefusedLine = { line: number; detail: string };

/** Up to 2,000 lines that are sent in one request, always under the same key. */
export type Chunk = {
  readonly number: number;
  readonly key: string;
  readonly lines: readonly number[];
  readonly texts: readonly string[];
  /** Lines taken out of it because the service named them as unfit. */
  readonly refused: readonly RefusedLine[];
};

/** What became of a chunk. */
export type Outcome = {
  readonly number: number;
  readonly accepted: number;
  /** The first hundred. */
  readonly refused: readonly RefusedLine[];
  readonly refusedCount: number;
  /** Strings ever accepted up to this chunk's last; 0 where none of it was. */
  readonly acceptedTotal: number;
};

/** What the receipt tells of a chunk: the ids that its lines were given, and the lines that were refused. */
export type ChunkReceipt = {
  readonly number: number;
  readonly lines: readonly number[];
  readonly ids: readonly string[];
  readonly refused: readonly RefusedLine[];
};

/** What the person wants to happen to it: `stopped` by the page, which `trouble` explains. */
export type Intent = "send" | "pause" | "stopped" | "cancel";

/** A batch of lines on its way. */
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
