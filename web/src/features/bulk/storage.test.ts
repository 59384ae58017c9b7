import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { acceptedLines, type Batch, type Chunk } from "./batch";
import { Batches } from "./batches";
import { IndexedDbStorage, SILENCE } from "./indexedDbStorage";
import { MemoryStorage } from "./memoryStorage";
import { chunkOf, firstPiece } from "./pieces";
import { progressOf, toSend } from "./progress";
import type { BatchStorage } from "./storage";

const COUNTS = { name: null, createdAt: 0, lines: 4, empty: 0, leftOut: 0, strings: 4 };
const BATCH: Batch = { id: "a-batch", ...COUNTS, intent: "send", trouble: null, saved: false };

const chunk = () => chunkOf([1, 2, 3, 4], ["a", "b", "c", "d"]);
const named = (chunk: Chunk, batch = BATCH.id) => ({ ...chunk, batch });
const accepted = (chunk: Chunk) => acceptedLines(chunk, ["id"], 1);

beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));

describe.each([
  ["memory", async () => new MemoryStorage()],
  ["IndexedDB", () => IndexedDbStorage.open()],
])("storage in %s", (_, open: () => Promise<BatchStorage>) => {
  let storage: BatchStorage;
  let whole: Chunk;

  beforeEach(async () => {
    storage = await open();
    whole = chunk();
    await storage.begin(BATCH, [whole]);
  });

  it("has one batch at a time", async () => {
    expect(await storage.begin({ ...BATCH, id: "another" }, [])).toBe(false);
    expect(await storage.load()).toMatchObject({ batch: { id: "a-batch" }, pending: [1], tried: [] });
  });

  it("lets one of two tabs fix what is sent under which key", async () => {
    const pieces = [firstPiece(whole, 8), firstPiece(whole, 4)];
    const claims = pieces.map((chunks) => storage.claim(named(whole), { chunks }));
    expect(await Promise.all(claims)).toEqual([true, false]);
    expect(await storage.load()).toMatchObject({ pending: [1, 3], tried: [{ number: 1, strings: 2 }] });
    expect(await storage.chunk(1)).toMatchObject({ key: whole.key, texts: ["a", "b"], tried: true });
    expect(await storage.claim(named(whole), { chunks: firstPiece(whole, 4) })).toBe(false);
  });

  it("lets no chunk be claimed once the batch is not to be sent", async () => {
    await storage.change("a-batch", ["send"], { intent: "cancel" });
    expect(await storage.claim(named(whole), { chunks: firstPiece(whole, 8) })).toBe(false);
    expect(await storage.load()).toMatchObject({ tried: [] });
  });

  it("lets one of two tabs replace a chunk that was refused", async () => {
    const replace = () => storage.refuse(named(whole), { chunks: [chunkOf([1, 2], ["a", "b"])] });
    expect(await Promise.all([replace(), replace()])).toEqual([true, false]);
  });

  it.each([
    ["another batch", { batch: "another" }],
    ["another key", { key: "another" }],
    ["a chunk that is settled", { number: 2 }],
  ])("ignores an answer for %s", async (_, other) => {
    const from = { ...named(whole), ...other };
    expect(await storage.settle(from, { chunks: [], settled: accepted(whole) })).toBe(false);
    expect(await storage.noteFate("another", accepted(whole).outcome, ONE_STORED)).toBe(false);
    expect(await storage.load()).toMatchObject({ pending: [1], outcomes: [] });
    expect(await storage.wholeReceipt("another")).toBeNull();
    expect(await storage.noteSaved("another", [])).toBe(false);
    expect(await storage.wholeReceipt("a-batch")).toEqual([]);
  });

  it("changes a batch only from an intent that was meant", async () => {
    expect(await storage.change("a-batch", ["pause"], { intent: "send" })).toBe(false);
    expect(await storage.change("another", ["send"], { intent: "pause" })).toBe(false);
    expect(await storage.change("a-batch", ["send"], { intent: "pause" })).toBe(true);
  });

  it("knows a receipt that grows as not saved", async () => {
    expect(await storage.noteSaved("a-batch", [])).toBe(true);
    expect(await storage.load()).toMatchObject({ batch: { saved: true } });
    await storage.settle(named(whole), { chunks: [], settled: accepted(whole) });
    expect(await storage.load()).toMatchObject({ batch: { saved: false }, pending: [], tried: [] });
    expect(await storage.receipt(1)).toMatchObject({ ids: ["id"] });
  });

  it("knows a receipt that grew while it was being saved as not saved", async () => {
    const read = (await storage.wholeReceipt("a-batch")) ?? [];
    await storage.settle(named(whole), { chunks: [], settled: accepted(whole) });
    expect(await storage.noteSaved("a-batch", read)).toBe(false);
    expect(await storage.load()).toMatchObject({ batch: { saved: false } });
  });

  it("lets no late answer take back what became of strings, or change it for another batch", async () => {
    const { outcome } = accepted(whole);
    await storage.settle(named(whole), { chunks: [], settled: accepted(whole) });
    expect(await storage.noteFate("another", outcome, ONE_STORED)).toBe(false);
    expect(await storage.noteFate("a-batch", outcome, ONE_STORED)).toBe(true);
    expect(await storage.noteFate("a-batch", outcome, { stored: 0, failed: 0, gone: 0 })).toBe(false);
    expect(await storage.load()).toMatchObject({ outcomes: [{ fate: ONE_STORED }] });
  });

  it("begins no batch that was deleted once more, and names it", async () => {
    expect(await storage.deleted()).toEqual([]);
    expect(await storage.clear(BATCH)).toBe(true);
    expect(await storage.begin(BATCH, [whole])).toBe(false);
    expect(await storage.begin({ ...BATCH, id: "another" }, [whole])).toBe(true);
    expect(await storage.deleted()).toEqual(["a-batch"]);
  });

  it("deletes only the batch that the user saw", async () => {
    const seen: Batch = { ...BATCH, intent: "leave" };
    expect(await storage.clear(seen)).toBe(false);
    await storage.change("a-batch", ["send"], { intent: "leave" });
    expect(await storage.clear({ ...seen, id: "another" })).toBe(false);
    expect(await storage.clear(seen)).toBe(true);
    expect(await storage.load()).toBeNull();
    expect(await storage.chunk(1)).toBeUndefined();
  });
});

it("writes no part of a batch later if the storage stopped answering on the way", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const storage = await IndexedDbStorage.open();
  const { put } = IDBObjectStore.prototype;
  let busy = true;
  const holdOpen = (store: IDBObjectStore) => {
    if (busy) store.get(0).onsuccess = () => holdOpen(store);
  };
  const hung = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (
    this: IDBObjectStore,
    value: unknown,
    key?: IDBValidKey,
  ) {
    const { transaction } = put.call(this, value, key);
    holdOpen(this);
    return { transaction } as ReturnType<typeof put>;
  });
  const outcome = storage.begin(BATCH, [chunk(), chunk()]).catch(({ name }: DOMException) => name);
  await vi.waitFor(() => expect(hung).toHaveBeenCalledTimes(2));
  vi.advanceTimersByTime(SILENCE);
  expect(await outcome).toBe("TimeoutError");
  busy = false;
  expect(await storage.load()).toBeNull();
  vi.useRealTimers();
});

const ONE_STORED = { stored: 1, failed: 0, gone: 0 };

describe("what version 0.9.0 has kept", () => {
  const REFUSED = [{ line: 2, detail: "No." }];

  async function keep(intent: string, refused: unknown = REFUSED) {
    const { id: _, saved: __, ...batch } = BATCH;
    const open = indexedDB.open("ix-dummies:batch", 1);
    open.onupgradeneeded = () => {
      const stores = ["batch", "chunks", "outcomes", "receipts"].map((name) =>
        open.result.createObjectStore(name),
      );
      const [batches, chunks, outcomes, receipts] = stores;
      batches?.put({ ...batch, intent }, 0);
      chunks?.put({ number: 0, key: "k", lines: [1], texts: ["a"], refused }, 0);
      outcomes?.put({ number: 1, accepted: 2, refused: [], refusedCount: 0, acceptedTotal: 9 }, 1);
      receipts?.put({ number: 1, lines: [3, 4], ids: ["x", "y"], refused: [] }, 1);
    };
    await new Promise((resolve) => {
      open.onsuccess = resolve;
    });
    open.result.close();
    return IndexedDbStorage.open();
  }

  it("is sent under its keys, and counted once", async () => {
    const storage = await keep("send");
    const saved = await storage.load();
    if (!saved) throw new Error("nothing kept");
    const progress = progressOf(saved);
    expect(progress).toMatchObject({ accepted: 2, refusedCount: 1, underWay: 1, batch: { saved: false } });
    const [number = 0] = toSend(progress);
    const old = await storage.chunk(number);
    expect(old).toMatchObject({ key: "k", texts: ["a"], tried: true });
    const from = { batch: saved.batch.id, number, key: "k", tried: true };
    expect(await storage.settle(from, { chunks: [], settled: accepted(old as Chunk) })).toBe(true);
    expect(await storage.wholeReceipt(saved.batch.id)).toHaveLength(3);
  });

  it("is not sent if it was cancelled", async () => {
    expect(await (await keep("cancel")).load()).toMatchObject({ batch: { intent: "leave" } });
  });

  it("is sent no further by Cancel: what was tried is not known", async () => {
    const batches = new Batches(await keep("pause"));
    await batches.reload();
    const batch = batches.progress()?.batch;
    if (!batch) throw new Error("nothing kept");
    await batches.cancel(batch);
    expect(batches.progress()?.batch.intent).toBe("leave");
  });

  it("is sent no further while it is paused: all of it counts as tried", async () => {
    const saved = await (await keep("pause")).load();
    if (!saved) throw new Error("nothing kept");
    expect(toSend(progressOf(saved))).toEqual([]);
  });

  it("stays as it is if it cannot be read", async () => {
    await expect(keep("send", null)).rejects.toThrow();
    const open = indexedDB.open("ix-dummies:batch");
    await new Promise((resolve) => {
      open.onsuccess = resolve;
    });
    expect(open.result.version).toBe(1);
  });
});
