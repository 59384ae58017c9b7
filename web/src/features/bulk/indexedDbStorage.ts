import type { Batch, Chunk, ChunkReceipt, Fate, Intent, Outcome, Successors } from "./batch";
import { upgradeFrom1 } from "./fromVersion1";
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
  type Tried,
} from "./storage";

const NAME = "ix-dummies:batch";
const VERSION = 2;
const STORES = ["batch", "chunks", "tried", "outcomes", "receipts"] as const;
type Store = (typeof STORES)[number];
type Stores = Record<Store, IDBObjectStore>;
/** Keys in the store `batch`. */
const ONLY = 0;
const DELETED = 1;
/** Milliseconds without an answer after which the storage has failed; a slow disk takes seconds to write 20 MB. */
export const SILENCE = 10_000;

/** Persists a batch over reloads, for all tabs of this browser. */
export class IndexedDbStorage implements BatchStorage {
  onChange = (_: StorageChange) => {};
  private readonly database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.database = database;
    // a newer page may change the format, and this one then has to be reloaded; or the database is being deleted
    database.onversionchange = ({ newVersion }) => {
      database.close();
      this.onChange(newVersion === null ? "closed" : "lost");
    };
    // the browser closes it when the user clears the site's data
    database.onclose = () => this.onChange("closed");
  }

  /** Rejects if the browser denies storage, or an older page's cannot be read; waits while a tab with an older page keeps it open. */
  static async open(): Promise<IndexedDbStorage> {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      const present = request.result.objectStoreNames;
      for (const store of STORES) if (!present.contains(store)) request.result.createObjectStore(store);
      if (oldVersion === 1 && request.transaction) upgradeFrom1(request.transaction);
    };
    return new IndexedDbStorage(await resultOf(request));
  }

  close(): void {
    this.database.close();
  }

  async load(): Promise<SavedBatch | null> {
    const stores = this.stores("readonly", "batch", "chunks", "tried", "outcomes");
    const [batch, pending, tried, outcomes] = await Promise.all([
      answered<Batch | undefined>(stores.batch.get(ONLY)),
      answered(stores.chunks.getAllKeys()),
      answered<Tried[]>(stores.tried.getAll()),
      answered<Outcome[]>(stores.outcomes.getAll()),
    ]);
    return batch ? { batch, pending: pending as number[], tried, outcomes } : null;
  }

  begin(batch: Batch, chunks: readonly Chunk[]): Promise<boolean> {
    return this.restore({ batch, chunks, outcomes: [], receipts: [] });
  }

  /** Saves all of a batch; only if there is none, and it was not deleted before. */
  async restore({ batch, chunks, outcomes, receipts }: Contents): Promise<boolean> {
    const stores = this.stores("readwrite", ...STORES);
    const present = await answered<Batch | undefined>(stores.batch.get(ONLY));
    if (present || (await deletedIn(stores.batch)).includes(batch.id)) return false;
    stores.batch.put(batch, ONLY);
    // sequentially, so that copying 20 MB is many short tasks instead of a long one
    for (const chunk of chunks) await answered(putChunk(stores, chunk));
    for (const receipt of receipts) await answered(stores.receipts.put(receipt, receipt.number));
    for (const outcome of outcomes) stores.outcomes.put(outcome, outcome.number);
    return committed(stores.batch.transaction);
  }

  async change(id: string, from: readonly Intent[], changes: Partial<Batch>): Promise<boolean> {
    const { batch: store } = this.stores("readwrite", "batch");
    const batch = await answered<Batch | undefined>(store.get(ONLY));
    if (batch?.id !== id || !from.includes(batch.intent)) return false;
    store.put({ ...batch, ...changes }, ONLY);
    return committed(store.transaction);
  }

  async chunk(number: number): Promise<Chunk | undefined> {
    return answered(this.stores("readonly", "chunks").chunks.get(number));
  }

  claim(from: Identity, to: Successors): Promise<boolean> {
    return this.replace("claim", from, to);
  }

  refuse(from: Identity, to: Successors): Promise<boolean> {
    return this.replace("refuse", from, to);
  }

  settle(from: Identity, to: Successors): Promise<boolean> {
    return this.replace("settle", from, to);
  }

  async noteFate(id: string, { number, fate: before }: Outcome, fate: Fate): Promise<boolean> {
    const stores = this.stores("readwrite", "batch", "outcomes");
    const [batch, outcome] = await Promise.all([
      answered<Batch | undefined>(stores.batch.get(ONLY)),
      answered<Outcome | undefined>(stores.outcomes.get(number)),
    ]);
    if (batch?.id !== id || !outcome || !isSameFate(outcome.fate, before)) return false;
    stores.outcomes.put({ ...outcome, fate }, number);
    return committed(stores.outcomes.transaction);
  }

  async wholeReceipt(id: string): Promise<ChunkReceipt[] | null> {
    const stores = this.stores("readonly", "batch", "receipts");
    const [batch, receipts] = await Promise.all([
      answered<Batch | undefined>(stores.batch.get(ONLY)),
      answered<ChunkReceipt[]>(stores.receipts.getAll()),
    ]);
    return batch?.id === id ? receipts : null;
  }

  async noteSaved(id: string, receipt: readonly ChunkReceipt[]): Promise<boolean> {
    const stores = this.stores("readwrite", "batch", "receipts");
    const [batch, parts] = await Promise.all([
      answered<Batch | undefined>(stores.batch.get(ONLY)),
      answered(stores.receipts.count()),
    ]);
    if (batch?.id !== id || parts !== receipt.length) return false;
    stores.batch.put({ ...batch, saved: true }, ONLY);
    return committed(stores.batch.transaction);
  }

  async receipt(number: number): Promise<ChunkReceipt | undefined> {
    return answered(this.stores("readonly", "receipts").receipts.get(number));
  }

  async clear(seen: Batch): Promise<boolean> {
    const stores = this.stores("readwrite", ...STORES);
    if (!mayClear(seen, await answered<Batch | undefined>(stores.batch.get(ONLY)))) return false;
    const deleted = [seen.id, ...(await deletedIn(stores.batch))];
    for (const store of STORES) stores[store].clear();
    stores.batch.put(deleted.slice(0, DELETED_KEPT), DELETED);
    return committed(stores.batch.transaction);
  }

  async deleted(): Promise<readonly string[]> {
    return deletedIn(this.stores("readonly", "batch").batch);
  }

  private async replace(action: Action, from: Identity, to: Successors): Promise<boolean> {
    const stores = this.stores("readwrite", ...STORES);
    const [batch, chunk] = await Promise.all([
      answered<Batch | undefined>(stores.batch.get(ONLY)),
      answered<Chunk | undefined>(stores.chunks.get(from.number)),
    ]);
    if (!mayReplace(action, from, batch, chunk)) return false;
    for (const store of [stores.chunks, stores.tried]) store.delete(from.number);
    for (const chunk of to.chunks) putChunk(stores, chunk);
    if (to.settled) {
      const { outcome, receipt } = to.settled;
      stores.outcomes.put(outcome, outcome.number);
      stores.receipts.put(receipt, receipt.number);
      stores.batch.put({ ...batch, saved: false }, ONLY);
    }
    return committed(stores.batch.transaction);
  }

  private stores<S extends Store>(mode: IDBTransactionMode, ...names: S[]): Record<S, IDBObjectStore> {
    // what is sent must be on the disk before: after a crash of the system, another choice would store lines twice
    const transaction = this.database.transaction(names, mode, { durability: "strict" });
    const entries = names.map((name) => [name, transaction.objectStore(name)]);
    return Object.fromEntries(entries) as Record<S, IDBObjectStore>;
  }
}

function putChunk(stores: Stores, chunk: Chunk): IDBRequest {
  const { number, tried, texts } = chunk;
  if (tried) stores.tried.put({ number, strings: texts.length } satisfies Tried, number);
  return stores.chunks.put(chunk, number);
}

async function deletedIn(store: IDBObjectStore): Promise<readonly string[]> {
  return (await answered<string[] | undefined>(store.get(DELETED))) ?? [];
}

/** Rejects also if there is no answer in time. */
function answered<T>(request: IDBRequest<T>): Promise<T> {
  return inTime(resultOf(request), request.transaction);
}

/** Resolves with true once the transaction has committed; rejects also if that takes too long. */
function committed(transaction: IDBTransaction): Promise<true> {
  const commit = new Promise<true>((resolve, reject) => {
    transaction.oncomplete = () => resolve(true);
    transaction.onabort = () => reject(transaction.error);
  });
  return inTime(commit, transaction);
}

function inTime<T>(work: Promise<T>, transaction: IDBTransaction | null): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      abort(transaction);
      reject(new DOMException("the storage does not answer", "TimeoutError"));
    }, SILENCE);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Takes back what no one waits for any longer: a part of it must not be written later. */
function abort(transaction: IDBTransaction | null): void {
  try {
    transaction?.abort();
  } catch {
    // the whole is being written already
  }
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
