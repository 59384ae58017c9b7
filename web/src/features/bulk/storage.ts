import type { Batch, Chunk, ChunkReceipt, Outcome } from "./batch";

export type SavedBatch = { batch: Batch; pending: number[]; outcomes: Outcome[] };

/** Stores one batch: its chunks until they are finished, their outcomes until the receipt is dismissed. */
export interface BatchStorage {
  load(): Promise<SavedBatch | null>;
  /** Saves a new batch atomically; returns false if there is one already. */
  begin(batch: Batch, chunks: readonly Chunk[]): Promise<boolean>;
  change(changes: Partial<Batch>): Promise<void>;
  chunk(number: number): Promise<Chunk | undefined>;
  replaceChunk(chunk: Chunk): Promise<void>;
  finishChunk(outcome: Outcome, receipt: ChunkReceipt): Promise<void>;
  receipts(): Promise<ChunkReceipt[]>;
  clear(): Promise<void>;
}

/** Stores a batch for as long as the page is open, if the browser has no space or denies storage. */
export class MemoryStorage implements BatchStorage {
  private batch: Batch | null = null;
  private readonly chunks = new Map<number, Chunk>();
  private readonly outcomes = new Map<number, Outcome>();
  private readonly finished = new Map<number, ChunkReceipt>();

  async load(): Promise<SavedBatch | null> {
    const { batch } = this;
    return batch && { batch, pending: [...this.chunks.keys()], outcomes: [...this.outcomes.values()] };
  }

  async begin(batch: Batch, chunks: readonly Chunk[]): Promise<boolean> {
    if (this.batch) return false;
    this.batch = batch;
    for (const chunk of chunks) this.chunks.set(chunk.number, chunk);
    return true;
  }

  async change(changes: Partial<Batch>): Promise<void> {
    if (this.batch) this.batch = { ...this.batch, ...changes };
  }

  async chunk(number: number): Promise<Chunk | undefined> {
    return this.chunks.get(number);
  }

  async replaceChunk(chunk: Chunk): Promise<void> {
    this.chunks.set(chunk.number, chunk);
  }

  async finishChunk(outcome: Outcome, receipt: ChunkReceipt): Promise<void> {
    this.chunks.delete(outcome.number);
    this.outcomes.set(outcome.number, outcome);
    this.finished.set(receipt.number, receipt);
  }

  async receipts(): Promise<ChunkReceipt[]> {
    return [...this.finished.values()].sort((a, b) => a.number - b.number);
  }

  async clear(): Promise<void> {
    this.batch = null;
    for (const map of [this.chunks, this.outcomes, this.finished]) map.clear();
  }
}
