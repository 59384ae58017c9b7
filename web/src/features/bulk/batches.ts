import type { Trouble } from "../../api/apiError";
import type { Batch, Chunk, ChunkReceipt, Fate, Intent, Outcome, Successors } from "./batch";
import type { Lines } from "./lines";
import { MemoryStorage } from "./memoryStorage";
import { type Progress, progressOf } from "./progress";
import type { BatchStorage } from "./storage";

const CHANNEL = "ix-dummies:batch";

/**
 * Where the batch is: in this browser's storage, or in this page only, because the browser denies storage, or has no
 * room, or its storage does not answer; then an earlier batch may be in it.
 */
export type Keeping = "kept" | "denied" | "no-room" | "silent";

/** Unknown until the storage has been read. */
export type BatchState = { known: false } | { known: true; progress: Progress | null; keeping: Keeping };

/** This browser's one batch: persisted, shared between tabs, and changed only here. */
export class Batches {
  private storage: BatchStorage;
  private state: BatchState = { known: false };
  keeping: Keeping;
  private readonly listeners = new Set<() => void>();
  private readonly channel: BroadcastChannel | null;

  /** `storage` is null if the browser's cannot be used, for the reason in `keeping`. */
  constructor(storage: BatchStorage | null, keeping: Keeping = storage ? "kept" : "denied") {
    this.storage = storage ?? new MemoryStorage();
    this.keeping = keeping;
    this.channel = storage && new BroadcastChannel(CHANNEL);
    if (this.channel) this.channel.onmessage = () => void this.reload();
  }

  readonly snapshot = (): BatchState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The batch as last read, or null. */
  progress(): Progress | null {
    return this.state.known ? this.state.progress : null;
  }

  /** Reads the storage, which another tab may have changed. */
  async reload(): Promise<void> {
    const saved = await this.storage.load();
    this.state = { known: true, progress: saved && progressOf(saved), keeping: this.keeping };
    for (const listener of this.listeners) listener();
  }

  /** Saves lines as the new batch, under a random id; returns false if there is a batch already. */
  async begin(id: string, name: string | null, lines: Lines): Promise<boolean> {
    const { count, empty, badCount: leftOut, strings, chunks } = lines;
    const counts = { lines: count, empty, leftOut, strings };
    const state = { intent: "send", trouble: null, saved: false } as const;
    const batch: Batch = { id, name, createdAt: Date.now(), ...counts, ...state };
    return this.told(
      await this.storage.begin(batch, chunks).catch(() => {
        this.storage = new MemoryStorage();
        this.keeping = "no-room";
        return this.storage.begin(batch, chunks);
      }),
    );
  }

  async pause({ id }: Batch): Promise<void> {
    await this.change(id, ["send"], { intent: "pause" });
  }

  /** Sends what remains, also of a cancelled batch. */
  async resume({ id }: Batch): Promise<void> {
    await this.change(id, ["pause", "stopped", "cancel", "leave"], { intent: "send", trouble: null });
  }

  async cancel({ id, upgraded }: Batch): Promise<void> {
    await this.change(id, ["send", "pause", "stopped"], { intent: upgraded ? "leave" : "cancel" });
  }

  /** Waits no longer for the outcome of what was tried before the batch was cancelled. */
  async leave({ id }: Batch): Promise<void> {
    await this.change(id, ["cancel"], { intent: "leave" });
  }

  /** Stops sending, because the service would refuse every chunk. */
  async stop({ id }: Batch, trouble: Trouble): Promise<void> {
    if (await this.change(id, ["send"], { intent: "stopped", trouble })) return;
    await this.change(id, ["cancel"], { intent: "leave", trouble });
  }

  /** Notes that the user has the receipt as it is now, before it is read for that. */
  async noteSaved({ id, intent }: Batch): Promise<void> {
    await this.change(id, [intent], { saved: true });
  }

  /** Deletes the batch; returns false if it is no longer as the user saw it. */
  async clear(seen: Batch): Promise<boolean> {
    return this.told(await this.storage.clear(seen));
  }

  chunk(number: number): Promise<Chunk | undefined> {
    return this.storage.chunk(number);
  }

  /** Fixes, before their first send, which lines of a chunk go under which key; returns false if another tab did. */
  async claim({ id }: Batch, { number, key }: Chunk, to: Successors): Promise<boolean> {
    return this.told(await this.storage.claim({ batch: id, number, key }, to));
  }

  /** Notes a chunk's outcome; returns false if it was known already, or the batch is gone. */
  async settle({ id }: Batch, { number, key }: Chunk, to: Successors): Promise<boolean> {
    return this.told(await this.storage.settle({ batch: id, number, key }, to));
  }

  async noteFate({ id }: Batch, { number }: Outcome, fate: Fate): Promise<void> {
    await this.told(await this.storage.noteFate(id, number, fate));
  }

  receipts(): Promise<ChunkReceipt[]> {
    return this.storage.receipts();
  }

  receipt(number: number): Promise<ChunkReceipt | undefined> {
    return this.storage.receipt(number);
  }

  private async change(id: string, from: readonly Intent[], changes: Partial<Batch>): Promise<boolean> {
    return this.told(await this.storage.change(id, from, changes));
  }

  /** Reads the storage again, for what another tab did if nothing was changed, and makes the other tabs do so. */
  private async told(changed: boolean): Promise<boolean> {
    await this.reload();
    if (changed) this.channel?.postMessage(null);
    return changed;
  }
}
