import { retryDelay } from "../../timing/retryDelay";
import type { Batch, Chunk, ChunkReceipt, Fate, Intent, Outcome, Successors } from "./batch";
import type { IndexedDbStorage } from "./indexedDbStorage";
import { MemoryStorage } from "./memoryStorage";
import type { BatchStorage, Identity, SavedBatch, StorageChange } from "./storage";

/** Strings of the largest batch that is copied: its receipt takes some 30 MB. */
const MOST_COPIED = 500_000;

/**
 * The browser's storage, opened again where the browser has closed it, and filled again where it has deleted it, as when
 * the user clears the site's data.
 *
 * For that this has a copy of the batch that this tab began, until another tab changes it.
 */
export class RecoveringStorage implements BatchStorage {
  onChange = (_: StorageChange) => {};
  private current: Promise<IndexedDbStorage>;
  private readonly open: () => Promise<IndexedDbStorage>;
  private copy: MemoryStorage | null = null;

  constructor(storage: IndexedDbStorage, open: () => Promise<IndexedDbStorage>) {
    this.open = open;
    this.follow(storage);
    this.current = Promise.resolve(storage);
  }

  noteOtherTab(): void {
    this.copy = null;
  }

  async load(): Promise<SavedBatch | null> {
    return (await this.current).load();
  }

  async begin(batch: Batch, chunks: readonly Chunk[]): Promise<boolean> {
    const begun = await (await this.current).begin(batch, chunks);
    if (begun && batch.strings <= MOST_COPIED) {
      this.copy = new MemoryStorage();
      await this.copy.begin(batch, chunks);
    }
    return begun;
  }

  change(id: string, from: readonly Intent[], changes: Partial<Batch>): Promise<boolean> {
    return this.write((storage) => storage.change(id, from, changes));
  }

  async chunk(number: number): Promise<Chunk | undefined> {
    return (await this.current).chunk(number);
  }

  claim(from: Identity, to: Successors): Promise<boolean> {
    return this.write((storage) => storage.claim(from, to));
  }

  refuse(from: Identity, to: Successors): Promise<boolean> {
    return this.write((storage) => storage.refuse(from, to));
  }

  settle(from: Identity, to: Successors): Promise<boolean> {
    return this.write((storage) => storage.settle(from, to));
  }

  noteFate(batch: string, seen: Outcome, fate: Fate): Promise<boolean> {
    return this.write((storage) => storage.noteFate(batch, seen, fate));
  }

  async wholeReceipt(batch: string): Promise<ChunkReceipt[] | null> {
    return (await this.current).wholeReceipt(batch);
  }

  noteSaved(batch: string, receipt: readonly ChunkReceipt[]): Promise<boolean> {
    return this.write((storage) => storage.noteSaved(batch, receipt));
  }

  async receipt(number: number): Promise<ChunkReceipt | undefined> {
    return (await this.current).receipt(number);
  }

  async clear(seen: Batch): Promise<boolean> {
    const cleared = await (await this.current).clear(seen);
    if (cleared) this.copy = null;
    return cleared;
  }

  async deleted(): Promise<readonly string[]> {
    return (await this.current).deleted();
  }

  private async write(change: (storage: BatchStorage) => Promise<boolean>): Promise<boolean> {
    const changed = await change(await this.current);
    if (changed && this.copy && !(await change(this.copy))) this.copy = null;
    return changed;
  }

  private follow(storage: IndexedDbStorage): void {
    storage.onChange = (change) => {
      this.onChange(change);
      if (change === "closed") this.current = this.recovered();
    };
  }

  private async recovered(): Promise<IndexedDbStorage> {
    // Chromium fails to open a database for a moment after it has closed it
    for (let attempts = 1; ; attempts++) {
      const storage = await this.openAgain().catch(() => null);
      if (storage) return storage;
      await new Promise((resolve) => setTimeout(resolve, retryDelay(attempts, null)));
    }
  }

  private async openAgain(): Promise<IndexedDbStorage> {
    const storage = await this.open();
    const contents = this.copy?.contents();
    try {
      const restored = contents ? await storage.restore(contents) : false;
      this.follow(storage);
      this.onChange(restored ? "restored" : "reopened");
      return storage;
    } catch (error) {
      storage.close();
      throw error;
    }
  }
}
