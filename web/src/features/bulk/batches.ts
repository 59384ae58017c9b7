import type { Trouble } from "../../api/apiError";
import { tabsChannel } from "../../choices/tabsChannel";
import type { Batch, Chunk, ChunkReceipt, Fate, Intent, Outcome, Successors } from "./batch";
import type { Lines } from "./lines";
import { MemoryStorage } from "./memoryStorage";
import { type Progress, progressOf } from "./progress";
import type { BatchStorage, Keeping, StorageChange } from "./storage";
import { vanishedOf, withLate } from "./vanished";

const CHANNEL = "ix-dummies:batch";
const TRY_NOW = "try-now";
/** What another tab says: that the storage has changed, that the user wants to try now, or what only that tab has. */
type Message = null | typeof TRY_NOW | { onlyThere: string };
/** Milliseconds after which a storage that has failed is asked again. */
const PAUSE = 1_000;

/** Unknown until the storage has been read. If it has `failed` since, this is what was read last. */
export type BatchState = { failed: boolean } & (
  | { known: false }
  | {
      known: true;
      progress: Progress | null;
      keeping: Keeping;
      /** A batch as it was last read, if it is gone although no tab has deleted it; until this tab begins another. */
      vanished: Progress | null;
    }
);

/** This browser's one batch: persisted, shared between tabs, and changed only here. */
export class Batches {
  private storage: BatchStorage;
  private state: BatchState = { known: false, failed: false };
  /** Whether the storage can be used no more until the page is reloaded. */
  private lost = false;
  keeping: Keeping;
  /** The ids of batches that were deleted, as last read, and of those that only another tab has. */
  deleted: readonly string[] = [];
  /** The ids of batches that only another tab has. */
  private readonly onlyElsewhere = new Set<string>();
  /** Called when another tab asks to try now. */
  onTryNow = () => {};
  private readonly listeners = new Set<() => void>();
  private readonly channel = tabsChannel(CHANNEL);

  /** `storage` is null if the browser's cannot be used, for the reason in `keeping`. */
  constructor(storage: BatchStorage | null, keeping: Keeping = storage ? "kept" : "denied") {
    this.storage = storage ?? new MemoryStorage();
    this.keeping = keeping;
    this.storage.onChange = (change) => {
      if (storage === this.storage) this.follow(change);
    };
    this.channel?.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if (data === TRY_NOW) return this.onTryNow();
      if (data) this.onlyElsewhere.add(data.onlyThere);
      else this.storage.noteOtherTab?.();
      this.reload().catch(() => undefined);
    });
  }

  private follow(to: StorageChange): void {
    const isUsable = to === "reopened" || to === "restored";
    if (to === "closed" || isUsable) this.keeping = isUsable ? "kept" : "closed";
    this.lost = to === "lost";
    const { state, lost: failed, keeping } = this;
    this.set(state.known ? { ...state, failed, keeping } : { known: false, failed });
    if (isUsable) this.reload().catch(() => undefined);
    // other tabs have no copy, and take the batch for deleted
    if (to === "restored") this.post(null);
  }

  /** Asks the tab that sends to try now: it may be a hidden one, whose timers are late. */
  askToTryNow(): void {
    this.post(TRY_NOW);
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

  /** Reads the storage, which another tab may have changed; rejects, as all that writes does, if it fails. */
  async reload(): Promise<void> {
    const { storage } = this;
    const [saved, deleted] = await this.noting(Promise.all([storage.load(), storage.deleted()]));
    if (storage !== this.storage) return;
    this.deleted = [...deleted, ...this.onlyElsewhere];
    const { failed } = this.state;
    const progress = saved && progressOf(saved);
    const before = this.state.known ? [this.state.progress, this.state.vanished] : [];
    const vanished = vanishedOf(before, progress, deleted);
    this.set({ known: true, failed, progress, keeping: this.keeping, vanished });
  }

  /**
   * Saves lines as the new batch under this id; returns false if there is a batch already, or the one with this id was
   * deleted, or is in another tab. Only this page has it if the browser has no room for it.
   */
  async begin(id: string, name: string | null, lines: Lines): Promise<boolean> {
    const { count, empty, badCount: leftOut, strings, chunks } = lines;
    const counts = { lines: count, empty, leftOut, strings };
    const state = { intent: "send", trouble: null, saved: false } as const;
    const batch: Batch = { id, name, createdAt: Date.now(), ...counts, ...state };
    if (this.onlyElsewhere.has(id)) return false;
    const begun = await this.told(
      this.storage.begin(batch, chunks).catch((error: unknown) => {
        if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") throw error;
        this.storage = new MemoryStorage();
        this.keeping = "no-room";
        return this.storage.begin(batch, chunks);
      }),
    );
    if (!begun) return false;
    // a copy of this tab has the same lines, and cannot find the batch
    if (this.keeping !== "kept") this.post({ onlyThere: id });
    // no tab can then say that it writes
    if (!this.channel) this.storage.noteOtherTab?.();
    if (this.state.known) this.set({ ...this.state, vanished: null });
    return true;
  }

  /** Begins a batch, and finds out whether it is there if that fails, as it may after the lines were saved. */
  async tryToBegin(id: string, name: string | null, lines: Lines): Promise<void> {
    if (this.lost || (await succeeds(this.begin(id, name, lines)))) return;
    while (!(await succeeds(this.reload()))) await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }

  async pause({ id }: Batch): Promise<void> {
    await this.wish(id, ["send"], { intent: "pause" });
  }

  /** Sends what remains, also of a cancelled batch. */
  async resume({ id }: Batch): Promise<void> {
    await this.wish(id, ["pause", "stopped", "cancel", "leave"], { intent: "send", trouble: null });
  }

  async cancel({ id, upgraded }: Batch): Promise<void> {
    await this.wish(id, ["send", "pause", "stopped"], { intent: upgraded ? "leave" : "cancel" });
  }

  /** Waits no longer for the outcome of what was tried before the batch was cancelled. */
  async leave({ id }: Batch): Promise<void> {
    await this.wish(id, ["cancel"], { intent: "leave" });
  }

  /** Stops sending, because the service would refuse every chunk. */
  async stop({ id }: Batch, trouble: Trouble): Promise<void> {
    if (await this.change(id, ["send", "pause"], { intent: "stopped", trouble })) return;
    await this.change(id, ["cancel"], { intent: "leave", trouble });
  }

  /** Returns the whole receipt; null if the batch is gone or the storage fails. */
  async wholeReceipt({ id }: Batch): Promise<ChunkReceipt[] | null> {
    return this.noting(this.storage.wholeReceipt(id)).catch(() => null);
  }

  /** Notes that the user has saved this receipt, unless it has grown since it was read. */
  async noteSaved({ id }: Batch, receipt: readonly ChunkReceipt[]): Promise<void> {
    await this.told(this.storage.noteSaved(id, receipt)).catch(() => undefined);
  }

  /** Deletes the batch; returns false if it is not as the user saw it, or if the storage fails. */
  clear(seen: Batch): Promise<boolean> {
    return this.told(this.storage.clear(seen)).catch(() => false);
  }

  chunk(number: number): Promise<Chunk | undefined> {
    return this.noting(this.storage.chunk(number));
  }

  /** Notes an attempt before it is made, with the lines and the key that it fixes; returns false if another tab was faster. */
  async claim({ id }: Batch, chunk: Chunk, to: Successors): Promise<boolean> {
    return this.told(this.storage.claim({ ...chunk, batch: id }, to));
  }

  /** Notes what follows a refused chunk; returns false if another tab has begun an attempt, or ended one, since it was read. */
  async refuse({ id }: Batch, chunk: Chunk, to: Successors): Promise<boolean> {
    return this.told(this.storage.refuse({ ...chunk, batch: id }, to));
  }

  /** Notes an accepted chunk's outcome; returns false if it was known already, or the batch is gone. */
  async settle({ id }: Batch, chunk: Chunk, to: Successors): Promise<boolean> {
    const settled = await this.told(this.storage.settle({ ...chunk, batch: id }, to));
    const { state } = this;
    if (!settled && to.settled && state.known)
      this.set({ ...state, vanished: withLate(state.vanished, id, to.settled) });
    return settled;
  }

  async noteFate({ id }: Batch, seen: Outcome, fate: Fate): Promise<void> {
    await this.told(this.storage.noteFate(id, seen, fate));
  }

  receipt(number: number): Promise<ChunkReceipt | undefined> {
    return this.noting(this.storage.receipt(number));
  }

  /** Does what the user asks for; if the storage fails, the state says so. */
  private async wish(id: string, from: readonly Intent[], changes: Partial<Batch>): Promise<void> {
    await this.change(id, from, changes).catch(() => undefined);
  }

  private async change(id: string, from: readonly Intent[], changes: Partial<Batch>): Promise<boolean> {
    return this.told(this.storage.change(id, from, changes));
  }

  /** Reads the storage again, for what another tab did if nothing was changed, and makes the other tabs do so. */
  private async told(write: Promise<boolean>): Promise<boolean> {
    const changed = await this.noting(write);
    if (changed) this.state = { ...this.state, failed: false };
    if (changed && this.keeping === "kept") this.post(null);
    await this.reload();
    return changed;
  }

  private post(message: Message): void {
    this.channel?.postMessage(message);
  }

  /** Notes that the storage has failed, if it has. */
  private noting<T>(work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      this.set({ ...this.state, failed: true });
      throw error;
    });
  }

  private set(state: BatchState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
