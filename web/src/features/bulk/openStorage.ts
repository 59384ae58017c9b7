import { IndexedDbStorage } from "./indexedDbStorage";
import { RecoveringStorage } from "./recoveringStorage";
import type { BatchStorage, Keeping } from "./storage";

/** Milliseconds after which the page works without the browser's storage. */
const PATIENCE = 4_000;

type In<Storage> = { storage: Storage; keeping: "kept" } | { storage: null; keeping: Keeping };
export type Opened = In<BatchStorage>;

/** Opens the browser's storage, if it can be read; gives up if it does not answer. */
export async function openStorage(): Promise<Opened> {
  const opened = await open();
  return opened.storage ? { ...opened, storage: new RecoveringStorage(opened.storage, openAgain) } : opened;
}

async function openAgain(): Promise<IndexedDbStorage> {
  const { storage, keeping } = await open();
  if (!storage) throw new Error(`the browser's storage cannot be opened again: ${keeping}`);
  return storage;
}

async function open(): Promise<In<IndexedDbStorage>> {
  const opening = IndexedDbStorage.open().then(async (storage) => {
    await storage.load();
    return storage;
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<In<IndexedDbStorage>>((resolve) => {
    timer = setTimeout(() => resolve({ storage: null, keeping: "silent" }), PATIENCE);
  });
  const answer = opening.then<In<IndexedDbStorage>, In<IndexedDbStorage>>(
    (storage) => ({ storage, keeping: "kept" }),
    (error: unknown) => ({ storage: null, keeping: isDenial(error) ? "denied" : "failed" }),
  );
  const opened = await Promise.race([answer, silent]);
  clearTimeout(timer);
  // opened too late: it must not keep a newer page from changing the format
  if (!opened.storage) opening.then((late) => late.close()).catch(() => undefined);
  return opened;
}

/** Whether the browser lets this page keep nothing at all. A storage that fails, for example on a full disk, may hold a batch. */
function isDenial(error: unknown): boolean {
  return !hasIndexedDb() || (error instanceof DOMException && error.name === "SecurityError");
}

/** Whether the browser gives this page any: where it denies storage, even to ask may throw. */
function hasIndexedDb(): boolean {
  try {
    return Boolean(globalThis.indexedDB);
  } catch {
    return false;
  }
}
