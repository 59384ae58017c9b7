import type { Batch, Chunk, ChunkReceipt, Fate, Intent, Outcome, Successors } from "./batch";
import {
  type Action,
  type BatchStorage,
  type Contents,
  DELETED_KEPT,
  type Identity,
  isSameFate,
  mayClear,
  mayReplace,
  type SavedBatch,
  type StorageChange,
} from "./storage";

/** Stores a batch for as long as the page is open, if the browser has no space or denies storage. */
export class MemoryStorage implements BatchStorage {
  onChange = (_: StorageChange) => {};
  private batch: Batch | undefined;
  private readonly chunks = new Map<number, Chunk>();
  private readonly outcomes = new Map<number, Outcome>();
  private readonly settled = new Map<number, ChunkReceipt>();
  private deletedIds: readonly string[] = [];

  contents(): Contents | null {
    const { batch } = this;
    if (!batch) return null;
    const [chunks, outcomes, receipts] = [
      this.chunks.values(),
      this.outcomes.values(),
      this.settled.values(),
    ];
    return { batch, chunks: [...chunks], outcomes: [...outcomes], receipts: [...receipts] };
  }

  async load(): Promise<SavedBatch | null> {
    const { batch } = this;
    if (!batch) return null;
    const chunks = [...this.chunks.values()].sort(byNumber);
    const tried = chunks.filter(({ tried }) => tried);
    return {
      batch,
      pending: chunks.map(({ number }) => number),
      tried: tried.map(({ number, texts }) => ({ number, strings: texts.length })),
      outcomes: [...this.outcomes.values()],
    };
  }

  async begin(batch: Batch, chunks: readonly Chunk[]): Promise<boolean> {
    if (this.batch || this.deletedIds.includes(batch.id)) return false;
    this.batch = batch;
    for (const chunk of chunks) this.chunks.set(chunk.number, chunk);
    return true;
  }

  async change(id: string, from: readonly Intent[], changes: Partial<Batch>): Promise<boolean> {
    if (this.batch?.id !== id || !from.includes(this.batch.intent)) return false;
    this.batch = { ...this.batch, ...changes };
    return true;
  }

  async chunk(number: number): Promise<Chunk | undefined> {
    return this.chunks.get(number);
  }

  async claim(from: Identity, to: Successors): Promise<boolean> {
    return this.replace("claim", from, to);
  }

  async refuse(from: Identity, to: Successors): Promise<boolean> {
    return this.replace("refuse", from, to);
  }

  async settle(from: Identity, to: Successors): Promise<boolean> {
    return this.replace("settle", from, to);
  }

  async noteFate(batch: string, { number, fate: before }: Outcome, fate: Fate): Promise<boolean> {
    const outcome = this.outcomes.get(number);
    if (this.batch?.id !== batch || !outcome || !isSameFate(outcome.fate, before)) return false;
    this.outcomes.set(number, { ...outcome, fate });
    return true;
  }

  async wholeReceipt(id: string): Promise<ChunkReceipt[] | null> {
    return this.batch?.id === id ? [...this.settled.values()].sort(byNumber) : null;
  }

  async noteSaved(id: string, receipt: readonly ChunkReceipt[]): Promise<boolean> {
    if (this.batch?.id !== id || this.settled.size !== receipt.length) return false;
    this.batch = { ...this.batch, saved: true };
    return true;
  }

  async receipt(number: number): Promise<ChunkReceipt | undefined> {
    return this.settled.get(number);
  }

  async clear(seen: Batch): Promise<boolean> {
    if (!mayClear(seen, this.batch)) return false;
    this.batch = undefined;
    this.deletedIds = [seen.id, ...this.deletedIds].slice(0, DELETED_KEPT);
    for (const map of [this.chunks, this.outcomes, this.settled]) map.clear();
    return true;
  }

  async deleted(): Promise<readonly string[]> {
    return this.deletedIds;
  }

  private replace(action: Action, from: Identity, { chunks, settled }: Successors): boolean {
    if (!mayReplace(action, from, this.batch, this.chunks.get(from.number))) return false;
    this.chunks.delete(from.number);
    for (const chunk of chunks) this.chunks.set(chunk.number, chunk);
    if (settled) {
      this.outcomes.set(settled.outcome.number, settled.outcome);
      this.settled.set(settled.receipt.number, settled.receipt);
    }
    if (this.batch) this.batch = { ...this.batch, saved: settled ? false : this.batch.saved };
    return true;
  }
}

function byNumber(a: { number: number }, b: { number: number }): number {
  return a.number - b.number;
}
