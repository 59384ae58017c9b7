import { newIdempotencyKey } from "../strings/idempotencyKey";
import { type Batch, type ChunkReceipt, type Outcome, type RefusedLine, refusedLines } from "./batch";

type OldBatch = Omit<Batch, "id" | "saved" | "upgraded">;
type OldChunk = { number: number; key: string; lines: number[]; texts: string[]; refused: RefusedLine[] };

/** Chunks were counted from 0; below 0 they meet no line's number. */
const BEFORE_ALL_LINES = -1_000_000;

/**
 * Brings what version 0.9.0 of the page has kept into the present form, within the upgrade's transaction.
 *
 * It did not note which chunks it had tried, so each counts as tried, and of a cancelled batch none is sent. What cannot
 * be read stays as it is: the upgrade is undone, and fails.
 */
export function upgradeFrom1(transaction: IDBTransaction): void {
  fromVersion1(transaction).catch(() => transaction.abort());
}

async function fromVersion1(transaction: IDBTransaction): Promise<void> {
  const [batches, chunks, tried, outcomes, receipts] = [
    "batch",
    "chunks",
    "tried",
    "outcomes",
    "receipts",
  ].map((name) => transaction.objectStore(name)) as [
    IDBObjectStore,
    IDBObjectStore,
    IDBObjectStore,
    IDBObjectStore,
    IDBObjectStore,
  ];
  await each<OldBatch>(batches, (batch, key) => {
    const intent = batch.intent === "cancel" ? "leave" : batch.intent;
    batches.put(
      { ...batch, intent, id: newIdempotencyKey(), saved: false, upgraded: true } satisfies Batch,
      key,
    );
  });
  for (const store of [outcomes, receipts]) {
    await each<Outcome | ChunkReceipt>(store, (value, key) => {
      const number = value.number + BEFORE_ALL_LINES;
      store.delete(key);
      store.put({ ...value, number }, number);
    });
  }
  await each<OldChunk>(chunks, ({ refused, ...chunk }, key) => {
    const number = chunk.number + BEFORE_ALL_LINES;
    chunks.delete(key);
    chunks.put({ ...chunk, number, tried: true }, number);
    tried.put({ number, strings: chunk.texts.length }, number);
    if (refused.length === 0) return;
    const { outcome, receipt } = refusedLines(refused);
    outcomes.put(outcome, outcome.number);
    receipts.put(receipt, receipt.number);
  });
}

/** Calls `change` with each value that is there now, one by one. */
async function each<Value>(store: IDBObjectStore, change: (value: Value, key: IDBValidKey) => void) {
  const got = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve) => {
      request.onsuccess = () => resolve(request.result);
    });
  for (const key of await got(store.getAllKeys())) change(await got(store.get(key)), key);
}
