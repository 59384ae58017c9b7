import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Schema } from "../../api/schema";
import { idOf } from "../../testing/ids";
import { accepted, delayed, type Item, notFound, progressed, refused } from "./item";
import { type KeyValueStorage, memoryStorage } from "./storage";
import { MAX_KEPT, StringStore } from "./store";

const texts = (store: StringStore) => store.snapshot().map((item) => item.text);

function accept(item: Item): Item {
  return accepted(item, {
    id: idOf(item.key),
    status: "queued",
    status_url: "",
    received_at: "2026-01-02T03:04:05Z",
    accepted_total: 1,
  });
}

function fill(store: StringStore, count: number, change: (item: Item) => Item): void {
  for (let i = 0; i < count; i++) store.add(`${i}`);
  store.update(change);
}

const finish = (item: Item) =>
  progressed(accept(item), {
    id: idOf("1"),
    status: "stored",
    received_at: "",
    text: null,
  } as Schema<"StringState">);
const fail = (item: Item) =>
  progressed(accept(item), { id: idOf("1"), status: "failed", received_at: "" } as Schema<"StringState">);
const refuse = (item: Item) => refused(item, { code: "invalid-text", detail: "" });

/** Has the storage find no room for entries with these words in them. */
function leaveNoRoomFor(storage: KeyValueStorage, words: string) {
  const setItem = storage.setItem.bind(storage);
  storage.setItem = (name, value) => {
    if (value.includes(words)) throw new DOMException("", "QuotaExceededError");
    setItem(name, value);
  };
}

describe("StringStore", () => {
  it("keeps strings in order, newest first, over visits and within one millisecond", () => {
    vi.useFakeTimers();
    const store = new StringStore(localStorage);
    for (const text of ["a", "b", "c"]) store.add(text);
    expect(texts(store)).toEqual(["c", "b", "a"]);
    expect(texts(new StringStore(localStorage))).toEqual(["c", "b", "a"]);
  });

  it("keeps the newest two hundred, in memory and on disk", () => {
    const store = new StringStore(localStorage);
    fill(store, MAX_KEPT, finish);
    store.add("new");
    expect(texts(store)).toHaveLength(MAX_KEPT);
    expect(texts(store)[0]).toBe("new");
    expect(texts(store)).not.toContain("0");
    expect(localStorage).toHaveLength(MAX_KEPT);
  });

  it.each([
    ["that was refused", refuse],
    ["that the service no longer knows", (item: Item) => notFound(accept(item))],
    ["that an operator removed", (item: Item) => notFound(fail(item))],
  ])("drops no string %s, because only this browser has it", (_, change) => {
    const store = new StringStore(localStorage);
    fill(store, MAX_KEPT - 1, change);
    expect(store.add("a")).toBeNull();
    expect(store.add("b")).toBe("too-many-unsent");
    expect(texts(store)).toHaveLength(MAX_KEPT);
  });

  it("sends again what was saved by halves, under its key", () => {
    const [key, text, createdAt] = ["k", "the only copy", 1];
    localStorage.setItem("ix-dummies:string:1:k", JSON.stringify({ key, text, createdAt, state: "queued" }));
    expect(new StringStore(localStorage).snapshot()).toMatchObject([{ key, text, state: "sending" }]);
  });

  it("drops finished strings before accepted ones", () => {
    const store = new StringStore(localStorage);
    fill(store, MAX_KEPT - 1, accept);
    store.add("finished");
    store.update((item) => (item.text === "finished" ? finish(item) : item));
    store.add("new");
    expect(texts(store)).not.toContain("finished");
    expect(texts(store)).toContain("0");
  });

  it("never drops a string that is not accepted yet, and takes no more than it can keep", () => {
    const store = new StringStore(localStorage);
    fill(store, MAX_KEPT, (item) => item);
    expect(store.add("one too many")).toBe("too-many-unsent");
    expect(texts(new StringStore(localStorage))).toHaveLength(MAX_KEPT);
    expect(texts(store)).toContain("0");
  });

  it("drops finished strings to make room when the browser's quota is reached", () => {
    const storage = withQuota(2);
    const store = new StringStore(storage);
    store.add("a");
    store.update(finish);
    store.add("b");
    expect(store.add("c")).toBeNull();
    expect(texts(store)).toEqual(["c", "b"]);
  });

  it("refuses a string that the browser cannot keep", () => {
    const store = new StringStore(withQuota(2));
    store.add("a");
    store.add("b");
    expect(store.add("c")).toBe("storage-full");
    expect(texts(store)).toEqual(["b", "a"]);
  });

  it("drops no finished string if that makes no room", () => {
    const storage = withQuota(2);
    const store = new StringStore(storage);
    store.add("a");
    store.update(finish);
    leaveNoRoomFor(storage, "far too long");
    expect(store.add("far too long")).toBe("storage-full");
    for (const each of [store, new StringStore(storage)]) expect(texts(each)).toEqual(["a"]);
  });

  it("takes no news back when it puts a finished string back", () => {
    const storage = withQuota(2);
    const store = new StringStore(storage);
    for (const text of ["b", "a"]) store.add(text);
    const accepted = { id: idOf("1"), receivedAt: "" };
    const change = (after: object) => store.update((item) => ({ ...item, ...after }) as Item);
    change({ ...accepted, state: "failed", reason: "no" });
    leaveNoRoomFor(storage, "far too long");
    store.update(
      (item) => ({ ...item, state: "stored", storedAt: item.text === "a" ? null : "far too long" }) as Item,
    );
    const [a] = new StringStore(storage).snapshot();
    expect(a).toMatchObject({ text: "a", state: "stored" });
  });

  it("forgets finished strings on demand, and only those", () => {
    const store = new StringStore(localStorage);
    store.add("finished");
    store.update(finish);
    store.add("open");
    store.clearFinished();
    expect(texts(new StringStore(localStorage))).toEqual(["open"]);
  });

  it("drops entries that it cannot read, and leaves other pages' entries alone", () => {
    localStorage.setItem("ix-dummies:string:1:x", '{"key":"x"}');
    localStorage.setItem("ix-dummies:string:1:y", "{");
    localStorage.setItem("other", "1");
    expect(new StringStore(localStorage).snapshot()).toEqual([]);
    expect(Object.keys(localStorage)).toEqual(["other"]);
  });
});

describe("two tabs", () => {
  const storing = (item: Item): Item =>
    item.state === "queued" ? { ...item, state: "stored", storedAt: null } : item;
  const late = (item: Item) => delayed(item, { code: "unreachable", detail: "" });

  /** Two tabs with the same string; `tell` delivers what the other tab wrote, in the way browsers do. */
  function open() {
    const mine = new StringStore(localStorage);
    mine.add("a");
    const theirs = new StringStore(localStorage);
    const [name = ""] = Object.keys(localStorage);
    const saved = () => localStorage.getItem(name);
    const tell = (newValue: string | null) =>
      window.dispatchEvent(new StorageEvent("storage", { key: name, newValue }));
    return { mine, theirs, saved, tell };
  }

  const stateOf = (store: StringStore) => store.snapshot()[0]?.state;

  it.each([
    ["a refusal", refuse],
    ["a delay", late],
  ])("%s does not replace what another tab has seen accepted", (_, change) => {
    const { mine, theirs, saved } = open();
    theirs.update(accept);
    mine.update(change);
    expect(stateOf(mine)).toBe("queued");
    expect(JSON.parse(saved() ?? "").state).toBe("queued");
  });

  it("an acceptance replaces a refusal", () => {
    const { mine, theirs, saved, tell } = open();
    onTestFinished(mine.followOtherTabs());
    mine.update(refuse);
    theirs.update(accept);
    tell(saved());
    expect(stateOf(mine)).toBe("queued");
  });

  it("a late acceptance does not undo that the string is stored", () => {
    const { mine, theirs, saved } = open();
    theirs.update(accept);
    theirs.update(storing);
    mine.update(accept);
    expect(stateOf(mine)).toBe("stored");
    expect(JSON.parse(saved() ?? "").state).toBe("stored");
  });

  it("what another tab writes without knowing better is put right", () => {
    const { mine, saved, tell } = open();
    onTestFinished(mine.followOtherTabs());
    const older = saved() ?? "";
    mine.update(accept);
    const [name = ""] = Object.keys(localStorage);
    localStorage.setItem(name, older);
    tell(older);
    expect(stateOf(mine)).toBe("queued");
    expect(JSON.parse(saved() ?? "").state).toBe("queued");
  });

  it("a string that one of them has cleared does not come back", () => {
    const { mine, theirs, saved, tell } = open();
    onTestFinished(mine.followOtherTabs());
    mine.update(accept);
    theirs.update(accept);
    mine.update(storing);
    mine.clearFinished();
    theirs.update(storing);
    expect(theirs.snapshot()).toEqual([]);
    expect(saved()).toBeNull();
    // a tab whose view of the storage is a moment old writes all the same
    tell(JSON.stringify({ key: "x", text: "a", createdAt: 1, state: "queued", id: idOf("y") }));
    expect(mine.snapshot()).toEqual([]);
  });
});

describe("site data that is cleared in an open page", () => {
  const late = (item: Item) => delayed(item, { code: "unreachable", detail: "" });

  it("takes no string that waits to be sent, and keeps it again with the next news", () => {
    const store = new StringStore(localStorage);
    store.add("waiting");
    localStorage.clear();
    store.update(late);
    expect(texts(store)).toEqual(["waiting"]);
    localStorage.clear();
    store.update(accept);
    expect(new StringStore(localStorage).snapshot()).toMatchObject([{ text: "waiting", state: "queued" }]);
  });

  it("takes no string that only this browser has if another tab clears it", () => {
    const store = new StringStore(localStorage);
    onTestFinished(store.followOtherTabs());
    for (const text of ["accepted", "refused", "waiting"]) store.add(text);
    store.update((item) => (item.text === "accepted" ? accept(item) : item));
    store.update((item) => (item.text === "refused" ? refuse(item) : item));
    localStorage.clear();
    window.dispatchEvent(new StorageEvent("storage", { key: null }));
    expect(texts(store)).toEqual(["waiting", "refused"]);
    expect(texts(new StringStore(localStorage))).toEqual(["waiting", "refused"]);
  });
});

function withQuota(entries: number) {
  const storage = memoryStorage();
  const setItem = storage.setItem;
  storage.setItem = (name, value) => {
    if (storage.getItem(name) === null && storage.length >= entries)
      throw new DOMException("", "QuotaExceededError");
    setItem(name, value);
  };
  return storage;
}
