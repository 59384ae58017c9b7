import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, pageError } from "../../api/apiError";
import { reachability } from "../../api/reachability";
import type { Schema } from "../../api/schema";
import { idOf } from "../../testing/ids";
import { idUnder, type missingOf } from "./kept";
import { Outbox, TAKEOVER_DELAY } from "./outbox";
import { StringStore } from "./store";

type Sent = { at: number; key: string };

const away = (retryAfter: number | null = null) =>
  new ApiError({ code: "journal-away", detail: "" }, true, retryAfter);
const no = new ApiError({ code: "invalid-text", detail: "" }, false);

function answer(id: string): Schema<"Accepted"> {
  return {
    id,
    status: "queued",
    status_url: `/dummies/${id}`,
    received_at: "2026-01-02T03:04:05Z",
    accepted_total: 1,
  };
}

/** Starts an outbox whose first requests fail with these errors, one each; later ones succeed. */
function start(store: StringStore, errors: Error[] = [], missing: typeof missingOf = async (ids) => ids) {
  const sent: Sent[] = [];
  const send = async ({ key }: { key: string }) => {
    sent.push({ at: Date.now(), key });
    const error = errors.shift();
    if (error) throw error;
    return answer(idOf(key));
  };
  const stop = new Outbox(store, send, missing).start();
  return { sent, stop };
}

const states = (store: StringStore) => store.snapshot().map((item) => item.state);
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});

describe("Outbox", () => {
  it("sends a string only after it is saved with its key", async () => {
    const store = new StringStore(localStorage);
    let savedAtFirstSend: string[] = [];
    new Outbox(store, async ({ key }) => {
      savedAtFirstSend = Object.values({ ...localStorage }).filter((entry) => entry.includes(key));
      return answer(key);
    }).start();
    store.add("a");
    await settle();
    expect(savedAtFirstSend).toHaveLength(1);
    expect(JSON.parse(savedAtFirstSend[0] ?? "")).toMatchObject({ text: "a", state: "sending" });
  });

  it("takes no answer of a proxy's for a refusal: the string may have been accepted before", async () => {
    const store = new StringStore(localStorage);
    const tooLarge = new ApiError({ code: "unexpected-answer", detail: "HTTP 413" }, false);
    const { sent } = start(store, [away(), tooLarge]);
    store.add("a");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(states(store)).toEqual(["queued"]);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
  });

  it.each([
    ["after a lost answer, and repeats it", [away()], "queued"],
    ["after an answer that nothing was kept", [new ApiError({ code: "busy", detail: "" }, true)], "refused"],
    ["at the first attempt", [], "refused"],
  ] as const)("believes that a string is too large %s", async (_, before, state) => {
    const store = new StringStore(localStorage);
    const tooLarge = new ApiError({ code: "too-large", detail: "" }, false);
    const { sent } = start(store, [...before, tooLarge]);
    store.add("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states(store)).toEqual([state]);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
  });

  it("takes a string that is too large for accepted if the service has it, as after a repeat by the browser", async () => {
    const store = new StringStore(localStorage);
    const missing = vi.fn(async () => []);
    start(store, [new ApiError({ code: "too-large", detail: "" }, false)], missing);
    store.add("a");
    await settle();
    const [item] = store.snapshot();
    const id = idUnder(item?.key ?? "", "a");
    expect(item).toMatchObject({ state: "queued", id });
    expect(missing).toHaveBeenCalledWith([id]);
  });

  it.each([
    ["no one knows whether", async () => null],
    ["it cannot be asked whether", () => Promise.reject(pageError("unreachable"))],
  ])("repeats a string that is too large if %s the service has it", async (_, missing) => {
    const store = new StringStore(localStorage);
    const tooLarge = new ApiError({ code: "too-large", detail: "" }, false);
    const { sent } = start(store, [tooLarge], missing);
    store.add("a");
    await settle();
    expect(store.snapshot()[0]).toMatchObject({ state: "sending", trouble: { code: "too-large" } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states(store)).toEqual(["queued"]);
    expect(sent).toHaveLength(2);
  });

  it.each([
    ["believes that a string is too large", [], "refused"],
    ["repeats it after a lost answer", [away()], "queued"],
  ] as const)("%s where only readers may ask whether the service has it", async (_, before, state) => {
    const store = new StringStore(localStorage);
    const tooLarge = new ApiError({ code: "too-large", detail: "" }, false);
    const closed = new ApiError({ code: "reader-only", detail: "" }, false);
    start(store, [...before, tooLarge], () => Promise.reject(closed));
    store.add("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states(store)).toEqual([state]);
  });

  it("does not believe it of a string that an earlier page may have sent", async () => {
    new StringStore(localStorage).add("a");
    const after = new StringStore(localStorage);
    start(after, [new ApiError({ code: "too-large", detail: "" }, false)]);
    await settle();
    expect(states(after)).toEqual(["sending"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states(after)).toEqual(["queued"]);
  });

  it("takes no refusal for true while an earlier request may yet be accepted", async () => {
    const store = new StringStore(localStorage);
    start(store, [pageError("timed-out"), no, no]);
    store.add("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states(store)).toEqual(["queued"]);
  });

  it.each(["this page", "an earlier page"])(
    "takes a refusal for true once the request that %s made must have ended",
    async (page) => {
      const first = new StringStore(localStorage);
      first.add("a");
      const isEarlier = page === "an earlier page";
      const store = isEarlier ? new StringStore(localStorage) : first;
      start(store, isEarlier ? Array(60).fill(no) : [pageError("timed-out"), ...Array(60).fill(no)]);
      await vi.advanceTimersByTimeAsync(9_000);
      expect(states(store)).toEqual(["sending"]);
      await vi.advanceTimersByTimeAsync(120_000);
      expect(states(store)).toEqual(["refused"]);
    },
  );

  it("retries under the same key until the string is accepted", async () => {
    const store = new StringStore(localStorage);
    const { sent } = start(store, [away(), away(), away()]);
    store.add("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(4);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
    expect(states(store)).toEqual(["queued"]);
  });

  it("sends what a closed page left unsent, under its original key", async () => {
    const before = new StringStore(localStorage);
    const closed = start(before, [away()]);
    before.add("a");
    await settle();
    closed.stop();

    const after = new StringStore(localStorage);
    const { sent } = start(after);
    await settle();
    expect(sent.map(({ key }) => key)).toEqual(closed.sent.map(({ key }) => key));
    expect(states(after)).toEqual(["queued"]);
  });

  it("does not send again what is accepted or refused", async () => {
    const store = new StringStore(localStorage);
    const { sent } = start(store, [no]);
    store.add("refused");
    store.add("accepted");
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sent).toHaveLength(2);
    start(new StringStore(localStorage), []);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sent).toHaveLength(2);
    expect(states(store)).toEqual(["queued", "refused"]);
  });

  it("sends nothing before Retry-After", async () => {
    const store = new StringStore(localStorage);
    const { sent } = start(store, [away(7_000)]);
    store.add("a");
    await vi.advanceTimersByTimeAsync(6_999);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toHaveLength(2);
  });

  it("tries without its back-off when the service answers again, but not before a Retry-After", async () => {
    const store = new StringStore(localStorage);
    const lost = Array.from({ length: 10 }, () => pageError("unreachable"));
    const { sent } = start(store, [...lost, away(7_000)]);
    store.add("a");
    while (sent.length < 10) await vi.advanceTimersByTimeAsync(1_000);
    reachability.wake();
    await settle();
    expect(sent).toHaveLength(11);
    reachability.wake();
    await settle();
    expect(sent).toHaveLength(11);
    await vi.advanceTimersByTimeAsync(7_000);
    reachability.wake();
    await settle();
    expect(states(store)).toEqual(["queued"]);
  });

  it("sends at most two strings concurrently, the oldest first, and all in the end", async () => {
    const store = new StringStore(localStorage);
    const waiting: { text: string; done: () => void }[] = [];
    new Outbox(store, ({ key, text }) => {
      return new Promise((resolve) => waiting.push({ text, done: () => resolve(answer(key)) }));
    }).start();
    for (let i = 1; i <= 10; i++) store.add(`${i}`);
    expect(waiting.map(({ text }) => text)).toEqual(["1", "2"]);
    for (let i = 0; i < 10; i++) {
      waiting[i]?.done();
      await settle();
    }
    expect(waiting).toHaveLength(10);
    expect(new Set(states(store))).toEqual(new Set(["queued"]));
  });

  it("leaves another tab's strings to it, and takes over when that tab goes silent", async () => {
    const store = new StringStore(localStorage);
    store.followOtherTabs();
    const { sent } = start(store);
    new StringStore(localStorage).add("theirs");
    const [key] = Object.keys(localStorage);
    const tell = () =>
      window.dispatchEvent(
        new StorageEvent("storage", { key: key ?? "", newValue: localStorage.getItem(key ?? "") }),
      );
    tell();
    await vi.advanceTimersByTimeAsync(TAKEOVER_DELAY - 1);
    tell();
    await vi.advanceTimersByTimeAsync(TAKEOVER_DELAY - 1);
    expect(sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toHaveLength(1);
  });
});
