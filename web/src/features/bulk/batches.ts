import type { Trouble } from "../../api/apiError";
import { type Batch, type Chunk, type ChunkReceipt, LISTED, type Outcome, type RefusedLine } from "./batch";
import type { Lines } from "./lines";
import { type BatchStorage, MemoryStorage } from "./storage";

const CHANNEL = "ix-dummies:batch";

/** The batch as every tab sees it. */
export type Progress = {
  batch: Batch;
  pending: readonly number[];
  accepted: number;
  /** The first hundred. */
  refused: readonly RefusedLine[];
  refusedCount: number;
  /** The service's count of accepted strings after the last accepted chunk. */
  acceptedTotal: number;
};

/** Unknown until the storage has been read. */
export type BatchState = { known: false } | { known: true; progress: Progress | null; persisted: boolean };

/** This browser's one batch: persisted, shared between tabs, and changed only here. */
export class Batches {
  private storage: BatchStorage;
  private state: BatchState = { known: false };
  private readonly persisted: boolean;
  private readonly listeners = new Set<() => void>();
  private readonly channel: BroadcastChannel | null;

  /** `storage` is null if the browser denies it. */
  constructor(storage: BatchStorage | null) {
    this.storage = storage ?? new MemoryStorage();
    this.persisted = storage !== null;
    this.channel = storage && new BroadcastChannel(CHANNEL);
    if (this.channel) this.channel.onmessage = () => void this.reload();
  }

  readonly snapshot = (): BatchState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Reads the storage, which another tab may have changed. */
  async reload(): Promise<void> {
    const saved = await this.storage.load();
    const summed = saved && { batch: saved.batch, pending: saved.pending, ...sumOf(saved.outcomes) };
    this.set({ known: true, progress: summed, persisted: this.isPersisted() });
  }

  /** Saves lines as the new batch; returns false if there is one already. */
  async begin(name: string | null, lines: Lines): Promise<boolean> {
    const { count, empty, badCount: leftOut, strings, chunks } = lines;
    const counts = { lines: count, empty, leftOut, strings };
    const batch: Batch = { name, createdAt: Date.now(), ...counts, intent: "send", trouble: null };
    const begun = await this.storage.begin(batch, chunks).catch(() => {
      // no space: the view tells the user to leave the page open until the batch is sent
      this.storage = new MemoryStorage();
      return this.storage.begin(batch, chunks);
    });
    await this.tell();
    return begun;
  }

  async pause(): Promise<void> {
    await this.change({ intent: "pause" });
  }

  async resume(): Promise<void> {
    await this.change({ intent: "send", trouble: null });
  }

  async cancel(): Promise<void> {
    await this.change({ intent: "cancel" });
  }

  /** Stops sending, because the service would refuse every chunk. */
  async stop(trouble: Trouble): Promise<void> {
    await this.change({ intent: "stopped", trouble });
  }

  async clear(): Promise<void> {
    await this.storage.clear();
    await this.tell();
  }

  chunk(number: number): Promise<Chunk | undefined> {
    return this.storage.chunk(number);
  }

  replaceChunk(chunk: Chunk): Promise<void> {
    return this.storage.replaceChunk(chunk);
  }

  async finishChunk(outcome: Outcome, receipt: ChunkReceipt): Promise<void> {
    await this.storage.finishChunk(outcome, receipt);
    await this.tell();
  }

  receipts(): Promise<ChunkReceipt[]> {
    return this.storage.receipts();
  }

  private async change(changes: Partial<Batch>): Promise<void> {
    await this.storage.change(changes);
    await this.tell();
  }

  private async tell(): Promise<void> {
    await this.reload();
    this.channel?.postMessage(null);
  }

  private isPersisted(): boolean {
    return this.persisted && !(this.storage instanceof MemoryStorage);
  }

  private set(state: BatchState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function sumOf(outcomes: readonly Outcome[]): Omit<Progress, "batch" | "pending"> {
  const sum = { accepted: 0, refusedCount: 0, acceptedTotal: 0 };
  for (const outcome of outcomes) {
    sum.accepted += outcome.accepted;
    sum.refusedCount += outcome.refusedCount;
    sum.acceptedTotal = Math.max(sum.acceptedTotal, outcome.acceptedTotal);
  }
  const refused = outcomes.flatMap((outcome) => outcome.refused).sort((a, b) => a.line - b.line);
  return { ...sum, refused: refused.slice(0, LISTED) };
}

/** Whether nothing of the batch remains to be sent. */
export function isOver({ batch, pending }: Progress): boolean {
  return pending.length === 0 || batch.intent === "cancel";
}
