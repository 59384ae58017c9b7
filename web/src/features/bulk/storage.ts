import type { Batch, Chunk, ChunkReceipt, Fate, Intent, Outcome, Successors } from "./batch";

/** How many ids of deleted batches are kept. */
export const DELETED_KEPT = 100;

/** Lines that are not settled: `number` is the chunk's, `strings` how many it has. */
export type Tried = { number: number; strings: number };
export type SavedBatch = { batch: Batch; pending: number[]; tried: Tried[]; outcomes: Outcome[] };
/** All that is stored of a batch. */
export type Contents = {
  batch: Batch;
  chunks: readonly Chunk[];
  outcomes: readonly Outcome[];
  receipts: readonly ChunkReceipt[];
};
/**
 * What happens to a storage: `closed` by the browser, which may delete it; `lost`, because a newer page changes its format;
 * `reopened` as it is, or `restored` from this tab's copy.
 */
export type StorageChange = "closed" | "lost" | "reopened" | "restored";

/** A storage that could not be read: it does not answer, or answers with an error. An earlier batch may be in it. */
export type Unread = "silent" | "failed";
/**
 * Where the batch is: in this browser's storage, or in this page only, because the browser denies storage, has closed it
 * or has no room, or its storage could not be read.
 */
export type Keeping = "kept" | "denied" | "closed" | "no-room" | Unread;

export function isUnread(keeping: Keeping): keeping is Unread {
  return keeping === "silent" || keeping === "failed";
}

/** The chunk that a write means, as it was read. */
export type Identity = { batch: string } & Pick<Chunk, "number" | "key" | "tried" | "attempts">;

/**
 * Stores one batch: its chunks until they are settled, their outcomes until the receipt is dismissed.
 *
 * Other tabs write too, and answers arrive late. So each write is a compare-and-swap: it says what it is based on, and
 * changes nothing and returns false if that is no longer so.
 */
export interface BatchStorage {
  onChange: (to: StorageChange) => void;
  /** Notes that another tab has written. */
  noteOtherTab?(): void;
  load(): Promise<SavedBatch | null>;
  /** Saves a new batch; only if there is none, and it was not deleted before. */
  begin(batch: Batch, chunks: readonly Chunk[]): Promise<boolean>;
  /** Changes the batch with this id; only if its intent is one of these. */
  change(id: string, from: readonly Intent[], changes: Partial<Batch>): Promise<boolean>;
  chunk(number: number): Promise<Chunk | undefined>;
  /** Puts these in the place of a chunk around an attempt; before the first one, only if the batch is to be sent. */
  claim(from: Identity, to: Successors): Promise<boolean>;
  /** Puts these in the place of a chunk that was refused; only if no attempt has begun or ended since it was read. */
  refuse(from: Identity, to: Successors): Promise<boolean>;
  /** Puts these in the place of a chunk that was accepted. */
  settle(from: Identity, to: Successors): Promise<boolean>;
  /** Notes what became of the accepted strings of an outcome; only if nothing else was noted meanwhile. */
  noteFate(batch: string, seen: Outcome, fate: Fate): Promise<boolean>;
  /** Returns the whole receipt; null if the batch is gone. */
  wholeReceipt(batch: string): Promise<ChunkReceipt[] | null>;
  /** Notes that the user has saved this receipt; only if it is still the whole, to which each settled chunk adds a part. */
  noteSaved(batch: string, receipt: readonly ChunkReceipt[]): Promise<boolean>;
  receipt(number: number): Promise<ChunkReceipt | undefined>;
  /** Deletes the batch; only if neither its intent nor `saved` has changed. */
  clear(seen: Batch): Promise<boolean>;
  /** The ids of those that were deleted last: a tab that did not see them may still have the lines that they were made of. */
  deleted(): Promise<readonly string[]>;
}

export type Action = "claim" | "refuse" | "settle";

/** Whether a chunk may be replaced, given what is stored now. */
export function mayReplace(
  action: Action,
  { batch: id, key, tried, attempts }: Identity,
  batch: Batch | undefined,
  chunk: Chunk | undefined,
): boolean {
  if (batch?.id !== id || chunk?.key !== key) return false;
  if (action === "settle") return true;
  if (chunk.tried !== tried || `${chunk.attempts}` !== `${attempts}`) return false;
  return action === "refuse" || tried || batch.intent === "send";
}

export function mayClear(seen: Batch, batch: Batch | undefined): boolean {
  return batch?.id === seen.id && batch.intent === seen.intent && batch.saved === seen.saved;
}

export function isSameFate(fate: Fate | undefined, other: Fate | undefined): boolean {
  return fate?.stored === other?.stored && fate?.failed === other?.failed && fate?.gone === other?.gone;
}
