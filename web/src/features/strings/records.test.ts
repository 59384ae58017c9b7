import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Schema } from "../../api/schema";
import { idOf } from "../../testing/ids";
import { accepted, type Item, progressed } from "./item";
import { openStore } from "./openStore";
import { Outbox, TAKEOVER_DELAY } from "./outbox";
import { PATIENCE, SETTLED } from "./records";
import type { StringStore } from "./store";

const texts = (store: StringStore) => store.snapshot().map((item) => item.text);
/** As long as fake-indexeddb's own timers run: it ends transactions with them. */
const FAKE: Parameters<typeof vi.useFakeTimers>[0] = {
  toFake: ["setTimeout", "clearTimeout", "Date", "performance"],
};
const RECEIVED = "2026-01-02T03:04:05Z";
const answer = {
  id: idOf("an-id"),
  status: "queued",
  status_url: "",
  accepted_total: 1,
  received_at: RECEIVED,
} as const;
const accept = (item: Item) => accepted(item, answer);
const finish = (item: Item) =>
  progressed(item, {
    id: idOf("1"),
    status: "stored",
    received_at: RECEIVED,
    text: null,
  } as Schema<"StringState">);

/** Opens the page's strings, and sends them; `sent` has the keys, `recorded` what was on the disk then. */
function visit() {
  const { store } = openStore();
  const sent: string[] = [];
  const recorded: unknown[] = [];
  const outbox = new Outbox(store, async (item) => {
    await store.written(item);
    sent.push(item.key);
    recorded.push(await records());
    return answer;
  });
  onTestFinished(outbox.start());
  return { store, sent, recorded };
}

/** Has the browser lose what it has not written yet. */
const kill = () => localStorage.clear();

async function records(): Promise<unknown[]> {
  const opening = indexedDB.open("ix-dummies:strings", 1);
  await new Promise((resolve) => {
    opening.onsuccess = resolve;
  });
  const database = opening.result;
  const asked = database.transaction("unsent").objectStore("unsent").getAll();
  await new Promise((resolve) => {
    asked.onsuccess = resolve;
  });
  database.close();
  return asked.result;
}

beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));

describe("a string whose entry the browser lost", () => {
  it("was on the disk before it was sent, and is sent again under its key", async () => {
    const before = visit();
    before.store.add("a");
    await vi.waitFor(() => expect(before.recorded).toMatchObject([[{ text: "a", key: before.sent[0] }]]));
    const [{ createdAt } = { createdAt: 0 }] = before.store.snapshot();
    kill();
    const after = visit();
    await vi.waitFor(() => expect(after.store.snapshot()).toMatchObject([{ state: "queued", createdAt }]));
    expect(after.sent).toEqual(before.sent);
    expect(localStorage).toHaveLength(1);
  });

  it("is on the disk although it waits for others to be sent", async () => {
    const { store } = openStore();
    const waiting = new Outbox(store, () => new Promise(() => {}));
    onTestFinished(waiting.start());
    for (const text of ["1", "2", "3"]) store.add(text);
    await vi.waitFor(async () => expect(await records()).toHaveLength(3));
    kill();
    const after = openStore().store;
    await vi.waitFor(() => expect(texts(after)).toEqual(["3", "2", "1"]));
  });

  it("stays in its order among the others", async () => {
    const before = openStore().store;
    for (const text of ["1", "2", "3"]) before.add(text);
    await vi.waitFor(async () => expect(await records()).toHaveLength(3));
    localStorage.removeItem(`ix-dummies:string:1:${before.snapshot()[1]?.key}`);
    const after = openStore().store;
    await vi.waitFor(() => expect(texts(after)).toEqual(["3", "2", "1"]));
  });
});

describe("a record", () => {
  async function recordOne() {
    const { store } = openStore();
    store.add("a");
    await vi.waitFor(async () => expect(await records()).toHaveLength(1));
    return store;
  }

  it("brings no string back that was cleared", async () => {
    const store = await recordOne();
    store.update(accept);
    store.update(finish);
    store.clearFinished();
    await vi.waitFor(async () => expect(await records()).toEqual([]));
  });

  it("brings no string back that another tab has cleared", async () => {
    const store = await recordOne();
    onTestFinished(store.followOtherTabs());
    const [key = ""] = Object.keys(localStorage);
    localStorage.removeItem(key);
    window.dispatchEvent(new StorageEvent("storage", { key, newValue: null }));
    await vi.waitFor(async () => expect(await records()).toEqual([]));
  });

  it("outlasts the acceptance until localStorage is on the disk, over visits too", async () => {
    vi.useFakeTimers(FAKE);
    const store = await recordOne();
    store.update(accept);
    await vi.advanceTimersByTimeAsync(SETTLED / 2);
    expect(await records()).toHaveLength(1);
    // the tab is closed
    vi.clearAllTimers();
    const later = openStore().store;
    expect(later.snapshot()).toMatchObject([{ state: "queued" }]);
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(SETTLED / 10);
      expect(await records()).toEqual([]);
    });
    expect(Date.now() - (later.snapshot()[0]?.createdAt ?? 0)).toBeGreaterThanOrEqual(SETTLED);
  });

  it("is kept while its string is not accepted", async () => {
    vi.useFakeTimers(FAKE);
    await recordOne();
    await vi.advanceTimersByTimeAsync(SETTLED * 2);
    expect(await records()).toHaveLength(1);
  });

  it("has no second tab send what another tab sends", async () => {
    vi.useFakeTimers(FAKE);
    const { store, sent } = visit();
    onTestFinished(store.followOtherTabs());
    await vi.advanceTimersByTimeAsync(0);
    const theirs = await recordOne();
    const key = `ix-dummies:string:1:${theirs.snapshot()[0]?.key}`;
    window.dispatchEvent(new StorageEvent("storage", { key, newValue: localStorage.getItem(key) }));
    await vi.advanceTimersByTimeAsync(TAKEOVER_DELAY - 1);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
  });
});

describe("where the browser keeps no records, strings are sent all the same", () => {
  const denied = () => {
    throw new DOMException("", "SecurityError");
  };
  const deny = () => void vi.spyOn(IDBFactory.prototype, "open").mockImplementation(denied);

  it.each([
    ["the browser has no IndexedDB", () => vi.stubGlobal("indexedDB", undefined)],
    ["the browser denies it", deny],
    [
      "a newer page has changed the format",
      () =>
        new Promise((resolve) => {
          const opening = indexedDB.open("ix-dummies:strings", 2);
          opening.onsuccess = () => resolve(opening.result.close());
        }),
    ],
  ])("%s", async (_, spoil) => {
    await spoil();
    const { store } = openStore();
    store.add("a");
    const [item] = store.snapshot() as [Item];
    vi.useFakeTimers(FAKE);
    await store.written(item);
  });

  it("it does not answer: the first waits a moment, the others do not", async () => {
    vi.spyOn(IDBFactory.prototype, "open").mockReturnValue({} as IDBOpenDBRequest);
    vi.useFakeTimers(FAKE);
    const { store } = openStore();
    const sent: string[] = [];
    const outbox = new Outbox(store, async (item) => {
      await store.written(item);
      sent.push(item.text);
      return answer;
    });
    onTestFinished(outbox.start());
    store.add("a");
    await vi.advanceTimersByTimeAsync(PATIENCE - 1);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toEqual(["a"]);
    store.add("b");
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(["a", "b"]);
  });

  it("the disk is full", async () => {
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("", "QuotaExceededError");
    });
    const { store, sent } = visit();
    store.add("a");
    await vi.waitFor(() => expect(sent).toHaveLength(1));
  });

  it("and records are kept again after the user cleared the site's data", async () => {
    const { store, sent } = visit();
    store.add("a");
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    await new Promise((resolve) => {
      indexedDB.deleteDatabase("ix-dummies:strings").onsuccess = resolve;
    });
    store.add("b");
    await vi.waitFor(async () => expect(await records()).toMatchObject([{ text: "b" }]));
  });
});
