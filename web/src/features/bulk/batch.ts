import type { Trouble } from "../../api/apiError";

/** The most lines that are listed per list; beyond it only their number is shown. */
export const LISTED = 100;

/** A line that the service refused, with the reason in the service's words. */
export type RefusedLine = { line: number; detail: string };

/** Up to 2,000 lines for one request. Once it was tried it stays as it is: the same lines under the same key. */
export type Chunk = {
  /** The number of its first line: no other chunk of the batch, nor an outcome of other lines, ever has it. */
  readonly number: number;
  readonly key: string;
  /** Whether it may have been sent: the service may then keep its lines. */
  readonly tried: boolean;
  /**
   * The random ids of attempts to send it that may have been accepted, or may yet be: the last one of each run that sent it. Not there
   * if an older page tried it.
   */
  readonly attempts?: readonly string[];
  readonly lines: readonly number[];
  readonly texts: readonly string[];
};

/** What became of accepted strings, the last time that the service was asked; the rest are still waiting. */
export type Fate = { readonly stored: number; readonly failed: number; readonly gone: number };

/** The counts of lines that are settled, and `number`, the first of them. */
export type Outcome = {
  readonly number: number;
  readonly accepted: number;
  /** The first hundred. */
  readonly refused: readonly RefusedLine[];
  readonly refusedCount: number;
  /** The service's count of accepted strings after these; 0 if none of them was accepted. */
  readonly acceptedTotal: number;
  readonly fate?: Fate;
};

/** The settled lines' part of the receipt: the ids of the accepted ones, and the refused ones. */
export type ChunkReceipt = {
  readonly number: number;
  readonly lines: readonly number[];
  readonly ids: readonly string[];
  readonly refused: readonly RefusedLine[];
};

export type Settled = { readonly outcome: Outcome; readonly receipt: ChunkReceipt };

/** What takes the place of a chunk: other chunks of its lines, and what is settled. */
export type Successors = { readonly chunks: readonly Chunk[]; readonly settled?: Settled };

/**
 * What the user wants to happen to the batch.
 *
 * `stopped` is set by the page, for the reason in `trouble`. `pause` and `cancel` send only what was tried, until its
 * outcome is known; `stopped` and `leave` send nothing.
 */
export type Intent = "send" | "pause" | "stopped" | "cancel" | "leave";

/** A batch of lines being sent. */
export type Batch = {
  /** Random, or derived from typed lines and a random nonce: a batch that comes later in its place has another one. */
  readonly id: string;
  readonly name: string | null;
  readonly createdAt: number;
  readonly lines: number;
  readonly empty: number;
  readonly leftOut: number;
  readonly strings: number;
  readonly intent: Intent;
  readonly trouble: Trouble | null;
  /** Whether the user has saved the receipt as it is now. */
  readonly saved: boolean;
  /** Version 0.9.0 has kept it, which did not note what it had sent: each chunk counts as tried. */
  readonly upgraded?: true;
};

/** Returns the outcome and the receipt of accepted lines. */
export function acceptedLines(
  { number, lines }: Pick<Chunk, "number" | "lines">,
  ids: readonly string[],
  acceptedTotal: number,
): Settled {
  const outcome = { number, accepted: ids.length, refused: [], refusedCount: 0, acceptedTotal };
  return { outcome, receipt: { number, lines, ids, refused: [] } };
}

/** Returns the outcome and the receipt of refused lines, of which there is at least one. */
export function refusedLines(refused: readonly RefusedLine[]): Settled {
  const number = refused[0]?.line ?? 0;
  const counts = { refused: refused.slice(0, LISTED), refusedCount: refused.length };
  return {
    outcome: { number, accepted: 0, ...counts, acceptedTotal: 0 },
    receipt: { number, lines: [], ids: [], refused },
  };
}
