import { forceCloseDatabase, IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { acceptedLines, type Batch } from "./batch";
import { Batches } from "./batches";
import { losesLines } from "./batchParts";
import { Choice } from "./choice";
import { IndexedDbStorage } from "./indexedDbStorage";
import { LineReader } from "./lines";
import { openStorage } from "./openStorage";
import { firstPiece } from "./pieces";

beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));
afterEach(() => vi.unstubAllGlobals());

function lines(count: number) {
  const reader = new LineReader();
  reader.read(Array.from({ length: count }, (_, index) => `line ${index}\n`).join(""));
  return reader.end();
}

async function openTab(): Promise<Batches> {
  const { storage } = await openStorage();
  const batches = new Batches(storage);
  await batches.reload();
  return batches;
}

function batchOf(batches: Batches): Batch {
  const batch = batches.progress()?.batch;
  if (!batch) throw new Error("no batch");
  return batch;
}

/** Begins a batch of 6,000 lines, of which 2,000 are accepted, and 2,000 tried. */
async function beginIn(tab: Batches): Promise<void> {
  await tab.begin("a-batch", null, lines(6_000));
  const numbers = tab.progress()?.pending ?? [];
  for (const number of numbers.slice(0, 2)) {
    const chunk = await tab.chunk(number);
    const chunks = chunk && firstPiece(chunk, 1_000_000);
    if (chunks) await tab.claim(batchOf(tab), chunk, { chunks });
  }
  const first = await tab.chunk(1);
  const ids = first?.texts.map((_, index) => `id ${index}`) ?? [];
  if (first) await tab.settle(batchOf(tab), first, { chunks: [], settled: acceptedLines(first, ids, 2_000) });
}

/** Deletes this site's data, as another tab or the browser's settings can. */
async function clearData(): Promise<void> {
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("ix-dummies:batch");
    request.onsuccess = resolve;
    request.onerror = reject;
  });
}

it("saves the batch again where the browser deletes it, with its keys, attempts and receipt", async () => {
  const tab = await openTab();
  await beginIn(tab);
  const before = tab.progress();
  const tried = await tab.chunk(before?.tried[0] ?? 0);
  await clearData();
  await tab.reload();
  expect(tab.progress()).toEqual(before);
  const reloaded = await openTab();
  expect(reloaded.progress()).toEqual(before);
  expect(await reloaded.chunk(tried?.number ?? 0)).toEqual(tried);
  expect(await reloaded.wholeReceipt(batchOf(reloaded))).toHaveLength(1);
  expect(tab.snapshot()).toMatchObject({ failed: false, keeping: "kept", vanished: null });
});

it("tries more than once to open it again", async () => {
  const tab = await openTab();
  await beginIn(tab);
  const before = tab.progress();
  const failed = vi.spyOn(indexedDB, "open").mockImplementationOnce(() => {
    throw new DOMException("The connection was closed.", "AbortError");
  });
  await clearData();
  await tab.reload();
  expect(failed).toHaveBeenCalledTimes(2);
  expect(tab.snapshot()).toMatchObject({ failed: false, progress: before });
});

it("asks before the page is left until it can be opened again, however long that takes", async () => {
  const tab = await openTab();
  await beginIn(tab);
  const before = tab.progress();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const open = vi.spyOn(indexedDB, "open").mockImplementation(() => {
    throw new DOMException("", "UnknownError");
  });
  const parts = { batches: tab, choice: new Choice(), sender: null as never };
  expect(losesLines(parts)).toBe(false);
  await clearData();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(tab.snapshot()).toMatchObject({ failed: false, keeping: "closed" });
  expect(losesLines(parts)).toBe(true);
  open.mockRestore();
  const back = () =>
    expect(tab.snapshot()).toMatchObject({ failed: false, keeping: "kept", progress: before });
  // which lets the time pass
  await vi.waitFor(back, 20_000);
  vi.useRealTimers();
  expect(losesLines(parts)).toBe(false);
});

it("tries again to save the batch if that fails", async () => {
  const tab = await openTab();
  await beginIn(tab);
  const before = tab.progress();
  const full = new DOMException("", "QuotaExceededError");
  vi.spyOn(IndexedDbStorage.prototype, "restore").mockRejectedValueOnce(full);
  await clearData();
  await tab.reload();
  expect(tab.snapshot()).toMatchObject({ failed: false, keeping: "kept", progress: before });
});

it("does not save a batch again that another tab has deleted", async () => {
  const opening = vi.spyOn(indexedDB, "open");
  const tab = await openTab();
  const connection = opening.mock.results[0]?.value.result;
  await tab.begin("a-batch", null, lines(1));
  // another tab, of which this one has not heard yet
  const other = await IndexedDbStorage.open();
  expect(await other.clear(batchOf(tab))).toBe(true);
  forceCloseDatabase(connection);
  await vi.waitFor(() => expect(tab.snapshot()).toMatchObject({ keeping: "kept", progress: null }));
});

it("saves nothing again where tabs cannot tell each other that they write", async () => {
  vi.stubGlobal("BroadcastChannel", undefined);
  const tab = await openTab();
  await beginIn(tab);
  const other = await openTab();
  await other.cancel(batchOf(other));
  await clearData();
  await tab.reload();
  expect(tab.snapshot()).toMatchObject({ progress: null, vanished: { batch: { id: "a-batch" } } });
});

it("lets an answer that arrives meanwhile count", async () => {
  const tab = await openTab();
  await beginIn(tab);
  const chunk = await tab.chunk(tab.progress()?.tried[0] ?? 0);
  if (!chunk) throw new Error("no chunk");
  const batch = batchOf(tab);
  const cleared = clearData();
  const ids = chunk.texts.map((_, index) => `later ${index}`);
  const settle = () => tab.settle(batch, chunk, { chunks: [], settled: acceptedLines(chunk, ids, 4_000) });
  // a write that the browser has cut off is repeated, as the sender does
  expect(await settle().catch(settle)).toBe(true);
  await cleared;
  await tab.reload();
  expect(tab.progress()).toMatchObject({ accepted: 4_000, underWay: 0 });
});

it("tells what was last known of a batch that only another tab could save again", async () => {
  const tab = await openTab();
  await beginIn(tab);
  const other = await openTab();
  // the other tab changes it, so that the first one's copy is old
  await other.pause(batchOf(other));
  await vi.waitFor(() => expect(batchOf(tab).intent).toBe("pause"));
  await clearData();
  for (const each of [tab, other]) {
    await each.reload();
    expect(each.snapshot()).toMatchObject({ failed: false, progress: null, vanished: { accepted: 2_000 } });
  }
  await tab.begin("next", null, lines(1));
  expect(tab.snapshot()).toMatchObject({ progress: { batch: { id: "next" } }, vanished: null });
  await other.reload();
  expect(other.snapshot()).toMatchObject({
    progress: { batch: { id: "next" } },
    vanished: { accepted: 2_000 },
  });
});

it("is shown by the other tabs again once the tab with the copy has saved it", async () => {
  const other = await openTab();
  const tab = await openTab();
  await beginIn(tab);
  await vi.waitFor(() => expect(other.progress()?.accepted).toBe(2_000));
  // the tab with the copy is the last to find the database gone
  const open = IndexedDbStorage.open;
  let goOn = () => {};
  vi.spyOn(IndexedDbStorage, "open")
    .mockImplementationOnce(open)
    .mockImplementationOnce(async () => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return open();
    });
  await clearData();
  await vi.waitFor(() => expect(other.snapshot()).toMatchObject({ progress: null, vanished: {} }));
  goOn();
  await vi.waitFor(() => expect(other.snapshot()).toMatchObject({ progress: {}, vanished: null }));
  expect(other.progress()).toEqual(tab.progress());
});

it("tells nothing of a batch that a tab has deleted", async () => {
  const tab = await openTab();
  await beginIn(tab);
  await tab.cancel(batchOf(tab));
  await tab.leave(batchOf(tab));
  expect(await tab.clear(batchOf(tab))).toBe(true);
  await clearData();
  await tab.reload();
  expect(tab.snapshot()).toMatchObject({ progress: null, vanished: null });
});

it("counts the answers that arrive once a batch is gone, each chunk once", async () => {
  const tab = await openTab();
  await beginIn(tab);
  const [batch, late] = [batchOf(tab), await tab.chunk(tab.progress()?.tried[0] ?? 0)];
  if (!late) throw new Error("no chunk");
  const other = await openTab();
  await other.pause(batchOf(other));
  await vi.waitFor(() => expect(batchOf(tab).intent).toBe("pause"));
  await clearData();
  const settled = acceptedLines(late, [...late.texts], 4_000);
  for (let times = 0; times < 2; times++) await tab.settle(batch, late, { chunks: [], settled });
  expect(tab.snapshot()).toMatchObject({ progress: null, vanished: { accepted: 4_000 } });
});
