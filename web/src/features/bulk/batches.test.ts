import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../../api/apiError";
import type { Batch, Chunk } from "./batch";
import { Batches } from "./batches";
import { IndexedDbStorage, SILENCE } from "./indexedDbStorage";
import { LineReader } from "./lines";
import { MemoryStorage } from "./memoryStorage";
import { Sender } from "./sender";

function lines() {
  const reader = new LineReader();
  reader.read("a\nb\n");
  return reader.end();
}

function batchOf(batches: Batches): Batch {
  const batch = batches.progress()?.batch;
  if (!batch) throw new Error("no batch");
  return batch;
}

describe("a storage that fails", () => {
  beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));
  afterEach(() => vi.unstubAllGlobals());

  it("is noted when a newer page changes its format, and what the user then asks for is no error", async () => {
    const batches = new Batches(await IndexedDbStorage.open());
    await batches.begin("a-batch", null, lines());
    expect(batches.snapshot().failed).toBe(false);
    const newer = indexedDB.open("ix-dummies:batch", 99);
    await new Promise((resolve) => {
      newer.onsuccess = resolve;
    });
    expect(batches.snapshot()).toMatchObject({ failed: true, progress: { batch: { id: "a-batch" } } });
    await batches.pause(batchOf(batches));
    await batches.cancel(batchOf(batches));
    expect(await batches.clear(batchOf(batches))).toBe(false);
    expect(batches.snapshot().failed).toBe(true);
  });

  it("is noted when a write fails, until one succeeds, and ends the sending", async () => {
    vi.useFakeTimers();
    const storage = new MemoryStorage();
    const batches = new Batches(storage);
    const full = vi.spyOn(storage, "settle").mockRejectedValue(new DOMException("", "QuotaExceededError"));
    let sent = 0;
    new Sender(batches, async ({ texts }) => {
      sent++;
      return { count: texts.length, ids: [...texts], received_at: "", accepted_total: 2 };
    }).start();
    await batches.begin("a-batch", null, lines());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toBe(1);
    expect(batches.snapshot().failed).toBe(true);
    full.mockRestore();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(batches.snapshot()).toMatchObject({ failed: false, progress: { accepted: 2 } });
  });

  it("is noted when it no longer answers, which ends the sending and the waiting", async () => {
    const batches = new Batches(await IndexedDbStorage.open());
    await batches.begin("a-batch", null, lines());
    vi.useFakeTimers();
    const hung = vi.spyOn(IDBObjectStore.prototype, "get").mockReturnValue({} as IDBRequest);
    const sender = new Sender(batches, () => Promise.reject(new Error("nothing may be sent")));
    sender.start();
    let ended = false;
    void batches.pause(batchOf(batches)).then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(SILENCE);
    expect(batches.snapshot()).toMatchObject({ failed: true, progress: { batch: { intent: "send" } } });
    expect(ended).toBe(true);
    hung.mockRestore();
    vi.useRealTimers();
    await batches.pause(batchOf(batches));
    expect(batches.snapshot()).toMatchObject({ failed: false, progress: { batch: { intent: "pause" } } });
  });

  it("is noted when the receipt cannot be read", async () => {
    const storage = new MemoryStorage();
    const batches = new Batches(storage);
    await batches.begin("a-batch", null, lines());
    const broken = vi.spyOn(storage, "wholeReceipt").mockRejectedValue(new DOMException("", "UnknownError"));
    expect(await batches.wholeReceipt(batchOf(batches))).toBeNull();
    expect(batches.snapshot()).toMatchObject({ failed: true, progress: { batch: { saved: false } } });
    broken.mockRestore();
    const receipt = (await batches.wholeReceipt(batchOf(batches))) ?? [];
    expect(batches.snapshot()).toMatchObject({ progress: { batch: { saved: false } } });
    await batches.noteSaved(batchOf(batches), receipt);
    expect(batches.snapshot()).toMatchObject({ failed: false, progress: { batch: { saved: true } } });
  });

  it.each([
    ["QuotaExceededError", { failed: false, keeping: "no-room", progress: { batch: { id: "a-batch" } } }],
    ["InvalidStateError", { failed: true, keeping: "kept", progress: null }],
  ])("is replaced by the page's memory only if it has no room: %s", async (name, state) => {
    const storage = new MemoryStorage();
    vi.spyOn(storage, "begin").mockRejectedValue(new DOMException("", name));
    const batches = new Batches(storage);
    await batches.reload();
    await batches.begin("a-batch", null, lines()).catch(() => undefined);
    expect(batches.snapshot()).toMatchObject(state);
  });

  it("without room is not read again: a late answer of its does not replace the page's batch", async () => {
    const storage = new MemoryStorage();
    let answer = () => {};
    const batches = new Batches(storage);
    vi.spyOn(storage, "load").mockReturnValueOnce(
      new Promise((resolve) => {
        answer = () => resolve(null);
      }),
    );
    vi.spyOn(storage, "begin").mockRejectedValue(new DOMException("", "QuotaExceededError"));
    const read = batches.reload();
    await batches.begin("a-batch", null, lines());
    answer();
    await read;
    expect(batches.snapshot()).toMatchObject({ keeping: "no-room", progress: { batch: { id: "a-batch" } } });
  });
});

it.each(["no-room", "denied"] as const)(
  "has no copy of the tab send the lines of a batch that only the tab has: %s",
  async (keeping) => {
    const tab = (): Batches => {
      if (keeping === "denied") return new Batches(null);
      const storage = new MemoryStorage();
      vi.spyOn(storage, "begin").mockRejectedValue(new DOMException("", "QuotaExceededError"));
      return new Batches(storage);
    };
    const [first, copy] = [tab(), tab()];
    expect(await first.begin("their-batch", null, lines())).toBe(true);
    await vi.waitFor(() => expect(copy.deleted).toEqual(["their-batch"]));
    expect(await copy.begin("their-batch", null, lines())).toBe(false);
    expect(await copy.begin("another", null, lines())).toBe(true);
  },
);

it("has the tab that sends try now when another one asks for it", async () => {
  const waiting: (() => void)[] = [];
  let free = true;
  const request = async (_: string, ...rest: unknown[]) => {
    const use = rest.at(-1) as (lock: unknown) => Promise<unknown>;
    if (!free && rest.length === 2) return use(null);
    if (!free) await new Promise<void>((resolve) => waiting.push(resolve));
    free = false;
    return use({});
  };
  vi.stubGlobal("navigator", { locks: { request } });
  const storage = new MemoryStorage();
  const sent: number[] = [];
  const busy = new ApiError({ code: "busy", detail: "" }, true);
  const tabs = [0, 1].map((tab) => {
    const batches = new Batches(storage);
    const sender = new Sender(batches, () => {
      sent.push(tab);
      return Promise.reject(busy);
    });
    sender.start();
    return { batches, sender };
  });
  vi.spyOn(Math, "random").mockReturnValue(1);
  await tabs[0]?.batches.begin("a-batch", null, lines());
  await vi.waitFor(() => expect(tabs[1]?.sender.snapshot().elsewhere).toBe(true));
  // each try doubles the pause, so that the last ones cannot be the sender's own
  for (let tries = 1; tries <= 8; tries++) {
    await vi.waitFor(() => expect(tabs[0]?.sender.snapshot().trouble).toEqual(busy.trouble));
    await vi.waitFor(() => expect(sent).toHaveLength(tries));
    tabs[1]?.sender.tryNow();
  }
  expect(new Set(sent)).toEqual(new Set([0]));
  vi.unstubAllGlobals();
});

describe("a browser that denies", () => {
  const deny = () => {
    throw new DOMException("", "SecurityError");
  };
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ["locks", () => vi.stubGlobal("navigator", { locks: { request: async () => deny() } })],
    ["channels between tabs", () => vi.stubGlobal("BroadcastChannel", deny)],
  ])("%s has its lines sent", async (_, denied) => {
    denied();
    const batches = new Batches(new MemoryStorage());
    const sent = vi.fn(async ({ texts }: Chunk) => ({
      count: texts.length,
      ids: [...texts],
      received_at: "2026-01-02T03:04:05Z",
      accepted_total: 2,
    }));
    new Sender(batches, sent).start();
    await batches.begin("a-batch", null, lines());
    await vi.waitFor(() => expect(batches.progress()?.accepted).toBe(2));
    expect(sent).toHaveBeenCalledTimes(1);
  });
});
