import type { Common, Item } from "./item";
import type { StringStore } from "./store";

const NAME = "ix-dummies:strings";
const STORE = "unsent";
/** Milliseconds without an answer after which strings are sent without a record. */
export const PATIENCE = 1_000;
/** Milliseconds after which localStorage is on the disk: Chromium puts its writing off by up to an hour. */
export const SETTLED = 3_600_000;

/**
 * Has each string on the disk, with its key, before it is sent. localStorage does not: a string that it loses when the
 * browser is killed would be gone, or stored twice because someone sends it again under another key.
 */
export class Records {
  private readonly store: StringStore;
  private opening: Promise<IDBDatabase> | undefined;
  private patience = PATIENCE;
  private readonly writing = new Map<string, Promise<void>>();
  /** Strings that may have a record. */
  private readonly recorded = new Set<string>();
  private listed = new Set<string>();

  constructor(store: StringStore) {
    this.store = store;
  }

  /** Takes in what localStorage lost, and keeps a record of each string from now on. */
  async start(): Promise<void> {
    this.follow();
    this.store.subscribe(this.follow);
    try {
      const { result } = await this.run("readonly", (records) => records.getAll());
      const found: Common[] = result;
      for (const { key } of found) this.recorded.add(key);
      this.store.restore(found);
      this.follow();
    } catch {
      // strings are sent all the same, as they are where there is no storage at all
    }
  }

  /** Resolves once the string is on the disk, or the browser does not get it there. */
  readonly written = (item: Item): Promise<void> => {
    const started = this.writing.get(item.key);
    if (started) return started;
    const { key, text, createdAt } = item;
    this.recorded.add(key);
    const write = this.run("readwrite", (records) => records.put({ key, text, createdAt }));
    const writing = this.inTime(write);
    this.writing.set(key, writing);
    return writing;
  };

  private readonly follow = (): void => {
    const items = this.store.snapshot();
    const before = this.listed;
    this.listed = new Set(items.map(({ key }) => key));
    const gone = [...before].filter((key) => !this.listed.has(key));
    if (gone.length > 0) this.delete(gone);
    for (const item of items) {
      // another tab records its own
      if (item.state !== "sending") this.settle(item);
      else if (this.store.heardAt(item.key) === undefined) void this.written(item);
      else this.recorded.add(item.key);
    }
  };

  /** Deletes the record once localStorage is on the disk, in whichever state it has the string. */
  private settle({ key, createdAt }: Item): void {
    if (!this.recorded.delete(key)) return;
    const left = createdAt + SETTLED - Date.now();
    setTimeout(() => this.delete([key]), Math.min(Math.max(left, 0), SETTLED));
  }

  private delete(keys: readonly string[]): void {
    for (const key of keys) this.writing.delete(key);
    // a record that stays has its string sent again under its key, which stores nothing twice
    this.run("readwrite", (records) => keys.map((key) => records.delete(key))).catch(() => {});
  }

  /** Resolves when the work has ended, in either way; soon, if the storage has not answered lately. */
  private inTime(work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.patience = 0;
        resolve();
      }, this.patience);
      const answered = () => {
        this.patience = PATIENCE;
        clearTimeout(timer);
        resolve();
      };
      work.then(answered, answered);
    });
  }

  /** Resolves with what was asked, once it is answered and on the disk. */
  private async run<T>(mode: IDBTransactionMode, ask: (records: IDBObjectStore) => T): Promise<T> {
    this.opening ??= this.open();
    const transaction = (await this.opening).transaction(STORE, mode, { durability: "strict" });
    const asked = ask(transaction.objectStore(STORE));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(asked);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  private async open(): Promise<IDBDatabase> {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    // a newer page changes the format, or the user clears the site's data: the next string opens it again
    database.onversionchange = database.onclose = () => {
      database.close();
      this.opening = undefined;
    };
    return database;
  }
}
