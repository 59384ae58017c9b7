import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, pageError } from "../../api/apiError";
import { reachability } from "../../api/reachability";
import type { Schema } from "../../api/schema";
import { idOf } from "../../testing/ids";
import { accepted } from "./item";
import { Outbox, type Send } from "./outbox";
import { type KeyValueStorage, memoryStorage } from "./storage";
import { StringStore } from "./store";

const refusal = new ApiError({ code: "invalid-text", detail: "" }, false);
const busy = new ApiError({ code: "busy", detail: "" }, true);
const tooLarge = new ApiError({ code: "too-large", detail: "" }, false);

const answer = (key: string): Schema<"Accepted"> => ({
  id: idOf(key),
  status: "queued",
  status_url: "",
  received_at: "2026-01-02T03:04:05Z",
  accepted_total: 1,
});
const none = async (ids: readonly string[]) => ids;
const notes = () => Object.keys(localStorage).filter((name) => name.startsWith("ix-dummies:attempt:"));
const state = () => new StringStore(localStorage).snapshot()[0]?.state;

/** Opens two tabs' stores, which do not hear of each other, with one unsent string of the first. */
function openStores(): [StringStore, StringStore] {
  const first = new StringStore(localStorage);
  first.add("a");
  return [first, new StringStore(localStorage)];
}

/** Opens two such tabs; both send the string. */
function openTabs(first: Send, second: Send) {
  const stores = openStores();
  const stops = [new Outbox(stores[0], first, none).start(), new Outbox(stores[1], second, none).start()];
  return { closeFirst: () => stops[0]?.(), states: () => stores.map((store) => store.snapshot()[0]?.state) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

describe("a string that two tabs send, of which one is refused", () => {
  it.each([
    ["first", refusal],
    ["second", refusal],
    ["first", tooLarge],
    ["second", tooLarge],
  ])("waits while the other's request moves: the %s, %s", async (refused, error) => {
    let finish = () => {};
    const move: Send = ({ key }, onMoved) => {
      const moving = setInterval(onMoved, 5_000);
      return new Promise((resolve) => {
        finish = () => {
          clearInterval(moving);
          resolve(answer(key));
        };
      });
    };
    const refuse: Send = () => Promise.reject(error);
    const { states } = refused === "first" ? openTabs(refuse, move) : openTabs(move, refuse);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(states()).toEqual(["sending", "sending"]);
    finish();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states()).toEqual(["queued", "queued"]);
  });

  it("waits after an answer that the other lost, and is refused once nothing can come of it", async () => {
    const loseSlowly = () =>
      new Promise<never>((_, reject) => setTimeout(() => reject(pageError("timed-out")), 8_000));
    const { closeFirst } = openTabs(loseSlowly, () => Promise.reject(refusal));
    await vi.advanceTimersByTimeAsync(8_000);
    closeFirst();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(state()).toBe("sending");
    await vi.advanceTimersByTimeAsync(120_000);
    expect(state()).toBe("refused");
    expect(notes()).toEqual([]);
  });

  it("is refused if the other is as well", async () => {
    openTabs(
      () => Promise.reject(refusal),
      () => Promise.reject(refusal),
    );
    await vi.advanceTimersByTimeAsync(120_000);
    expect(state()).toBe("refused");
  });

  it("is sent again if the other lost an answer after that", async () => {
    const requests = [() => Promise.reject(pageError("timed-out")), () => Promise.resolve(answer("a"))];
    const store = new StringStore(localStorage);
    let lose = () => {};
    new Outbox(store, () => {
      const request = requests.shift();
      if (requests.length === 0) return request?.() ?? Promise.reject(refusal);
      return new Promise((_, reject) => {
        lose = () => reject(pageError("timed-out"));
      });
    }).start();
    store.add("a");
    await vi.advanceTimersByTimeAsync(0);
    store.update((item) => ({ ...item, state: "refused", trouble: refusal.trouble }));
    lose();
    await vi.advanceTimersByTimeAsync(0);
    expect(state()).toBe("sending");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state()).toBe("queued");
  });
});

describe("a string that two tabs have, of which one has said that it is refused", () => {
  const refuse = (store: StringStore) =>
    store.update((item) => ({ ...item, state: "refused", trouble: refusal.trouble }));

  it("is not sent by the other, although that has not heard of it yet", async () => {
    const [store, other] = openStores();
    const send = vi.fn(() => Promise.reject(busy));
    new Outbox(other, send).start();
    await vi.advanceTimersByTimeAsync(0);
    refuse(store);
    reachability.wake();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(send).toHaveBeenCalledOnce();
    expect(other.snapshot()[0]?.state).toBe("refused");
  });

  it("stays unsent where the other lost an answer, although it hears of the refusal only then", async () => {
    const [store, other] = openStores();
    other.followOtherTabs();
    let lose = () => {};
    const loseFirst = () => new Promise<never>((_, reject) => (lose = () => reject(pageError("timed-out"))));
    new Outbox(other, loseFirst).start();
    await vi.advanceTimersByTimeAsync(0);
    refuse(store);
    const [key = "", newValue] =
      Object.entries(localStorage).find(([, value]) => value.includes("refused")) ?? [];
    lose();
    await vi.advanceTimersByTimeAsync(0);
    window.dispatchEvent(new StorageEvent("storage", { key, newValue: newValue ?? null }));
    expect(other.snapshot()[0]?.state).toBe("sending");
  });
});

describe("a note of another tab's attempt", () => {
  it("is taken back when nothing was kept, so that a string may be called too large", async () => {
    const [store, other] = openStores();
    const errors = [busy];
    new Outbox(store, () => Promise.reject(errors.shift() ?? tooLarge), none).start();
    const stop = new Outbox(other, () => Promise.reject(busy)).start();
    await vi.advanceTimersByTimeAsync(0);
    stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(state()).toBe("refused");
  });

  it.each([
    [3_600_000, 9_000, "sending"],
    [-86_400_000, 120_000, "refused"],
  ])("counts for as long although the clock jumps by %i ms", async (jump, later, expected) => {
    const [store, other] = openStores();
    const key = store.snapshot()[0]?.key ?? "";
    new Outbox(other, () => Promise.reject(refusal)).start();
    for (let at = 0; at < 60_000; at += 5_000) {
      store.attempts.note(key, performance.now());
      await vi.advanceTimersByTimeAsync(5_000);
    }
    store.attempts.note(key, performance.now());
    vi.setSystemTime(Date.now() + jump);
    reachability.wake();
    await vi.advanceTimersByTimeAsync(later);
    expect(state()).toBe(expected);
  });

  it("is forgotten with a string that is gone or accepted", async () => {
    const [store] = openStores();
    const key = store.snapshot()[0]?.key ?? "";
    for (const each of [key, "of a string that is gone"])
      localStorage.setItem(`ix-dummies:attempt:1:${each}:a-tab`, "0");
    new StringStore(localStorage);
    expect(notes()).toHaveLength(1);
    store.update((item) => accepted(item, answer(key)));
    new StringStore(localStorage);
    expect(notes()).toEqual([]);
  });
});

it("sends a string once, although its answer makes the full storage drop another", async () => {
  const entries = new Map<string, string>();
  let quota = Number.POSITIVE_INFINITY;
  const sizeOf = (texts: Iterable<string>) => [...texts].reduce((sum, { length }) => sum + length, 0);
  const storage: KeyValueStorage = {
    ...memoryStorage(),
    getItem: (name) => entries.get(name) ?? null,
    setItem: (name, value) => {
      if (sizeOf(new Map(entries).set(name, value).values()) > quota)
        throw new DOMException("", "QuotaExceededError");
      entries.set(name, value);
    },
    removeItem: (name) => void entries.delete(name),
  };
  const store = new StringStore(storage);
  const sent: string[] = [];
  new Outbox(store, async ({ key, text }) => {
    sent.push(text);
    quota = sizeOf(entries.values()) + 50;
    return answer(key);
  }).start();
  store.add("first");
  await vi.advanceTimersByTimeAsync(1_000);
  store.update((item) => (item.state === "queued" ? { ...item, state: "stored", storedAt: null } : item));
  quota = Number.POSITIVE_INFINITY;
  store.add("second");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual(["first", "second"]);
  expect(store.snapshot().map(({ text, state }) => [text, state])).toEqual([["second", "queued"]]);
});
