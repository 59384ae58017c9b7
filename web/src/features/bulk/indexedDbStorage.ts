import type { Batch, Chunk, ChunkReceipt, Outcome } from "./batch";
import type { BatchStorage, SavedBatch } from "./storage";

const NAME = "ix-dummies:batch";
const STORES = ["batch", "chunks", "outcomes", "receipts"] as const;
type Store = (typeof STORES)[number];
const ONLY = 0;

/** Persists a batch over reloads, for all tabs of this browser. */
export class IndexedDbStorage implements BatchStorage {
  private readonly database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.database = database;
  }

  /** Rejects if the browser denies storage. */
  static async open(): Promise<IndexedDbStorage> {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store);
    };
    return new IndexedDbStorage(await answered(request));
  }

  async load(): Promise<SavedBatch | null> {
    const stores = this.stores("readonly", "batch", "chunks", "outcomes");
    const [batch, pending, outcomes] = await Promise.all([
      answered<Batch | undefined>(stores.batch.get(ONLY)),
      answered(stores.chunks.getAllKeys()),
      answered<Outcome[]>(stores.outcomes.getAll()),
    ]);
    return batch ? { batch, pending: pending as number[], outcomes } : null;
  }

  async begin(batch: Batch, chunks: readonly Chunk[]): Promise<boolean> {
    const stores = this.stores("readwrite", ...STORES);
    if (await answered(stores.batch.get(ONLY))) return false;
    stores.batch.put(batch, ONLY);
    // sequentially, so that copying 20 MB is many short tasks instead of a long one
    for (const chunk of chunks) await answered(stores.chunks.put(chunk, chunk.number));
    await committed(stores.batch.transaction);
    return true;
  }

  async change(changes: Partial<Batch>): Promise<void> {
    const { batch: store } = this.stores("readwrite", "batch");
    const batch = await answered<Batch | undefined>(store.get(ONLY));
    if (!batch) return;
    store.put({ ...batch, ...changes }, ONLY);
    await committed(store.transaction);
  }

  async chunk(number: number): Promise<Chunk | undefined> {
    return answered(this.stores("readonly", "chunks").chunks.get(number));
  }

  async replaceChunk(chunk: Chunk): Promise<void> {
    const { chunks } = this.stores("readwrite", "chunks");
    chunks.put(chunk, chunk.number);
    await committed(chunks.transaction);
  }

  async finishChunk(outcome: Outcome, receipt: ChunkReceipt): Promise<void> {
    const stores = this.stores("readwrite", "chunks", "outcomes", "receipts");
    stores.chunks.delete(outcome.number);
    stores.outcomes.put(outcome, outcome.number);
    stores.receipts.put(receipt, receipt.number);
    await committed(stores.receipts.transaction);
  }

  async receipts(): Promise<ChunkReceipt[]> {
    return answered(this.stores("readonly", "receipts").receipts.getAll());
  }

  async clear(): Promise<void> {
    const stores = this.stores("readwrite", ...STORES);
    for (const store of STORES) stores[store].clear();
    await committed(stores.batch.transaction);
  }

  private stores<S extends Store>(mode: IDBTransactionMode, ...names: S[]): Record<S, IDBObjectStore> {
    const transaction = this.database.transaction(names, mode);
    const entries = names.map((name) => [name, transaction.objectStore(name)]);
    return Object.fromEntries(entries) as Record<S, IDBObjectStore>;
  }
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
