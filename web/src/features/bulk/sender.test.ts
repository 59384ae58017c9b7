import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../../api/apiError";
import type { Schema } from "../../api/schema";
import type { Chunk } from "./batch";
import { Batches } from "./batches";
import { LineReader, type Lines } from "./lines";
import { MemoryStorage } from "./memoryStorage";
import { bytesOf } from "./pieces";
import { isOver, unsentOf } from "./progress";
import { Sender } from "./sender";

const CHUNK = 2_000;
const away = new ApiError({ code: "journal-away", detail: "" }, true);

let batches: Batches;
let sent: Chunk[];
let answer: (chunk: Chunk) => Promise<Schema<"BulkAccepted">>;

function linesOf(count: number, length = 0): Lines {
  const reader = new LineReader();
  reader.read(Array.from({ length: count }, (_, index) => `${`${index + 1}`.padEnd(length)}\n`).join(""));
  return reader.end();
}

async function accept({ key, texts }: Chunk): Promise<Schema<"BulkAccepted">> {
  const ids = texts.map((text) => `${key}-${text}`);
  return { count: texts.length, ids, received_at: "2026-01-02T03:04:05Z", accepted_total: sent.length };
}

function refuse(code: string, errors: Schema<"RefusedItem">[] = []): Promise<never> {
  return Promise.reject(new ApiError({ code, detail: "No." }, false, null, errors));
}

/** Lines of a kilobyte each: one chunk, of which a request takes a part. */
const LONG = linesOf(900, 999);

async function begin(count: number, lines = linesOf(count)): Promise<Sender> {
  const sender = new Sender(batches, (chunk) => {
    sent.push(chunk);
    return answer(chunk);
  });
  sender.start();
  await batches.begin("a-batch", "names.txt", lines);
  await settle();
  return sender;
}

function progress() {
  const state = batches.snapshot();
  if (!state.known || !state.progress) throw new Error("no batch");
  return state.progress;
}

/** Makes the service answer only on request; returns what makes it, one for each chunk that was sent. */
function hold(): (() => void)[] {
  const finish: (() => void)[] = [];
  answer = (chunk) => new Promise((resolve) => finish.push(() => resolve(accept(chunk))));
  return finish;
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  batches = new Batches(null);
  sent = [];
  answer = accept;
});

describe("Sender", () => {
  it("sends every chunk once, and knows the id of every line", async () => {
    await begin(3 * CHUNK - 1);
    expect(sent).toHaveLength(3);
    expect(progress()).toMatchObject({ accepted: 3 * CHUNK - 1, refusedCount: 0, pending: [] });
    expect(isOver(progress())).toBe(true);
    const rows = (await batches.receipts()).flatMap(({ lines, ids }) =>
      lines.map((line, index) => [line, ids[index]]),
    );
    expect(rows.every(([line, id]) => `${id}`.endsWith(`-${line}`))).toBe(true);
    expect(rows).toHaveLength(3 * CHUNK - 1);
  });

  it("has at most two requests in flight", async () => {
    const finish = hold();
    await begin(5 * CHUNK);
    expect(sent).toHaveLength(2);
    finish[0]?.();
    await settle();
    expect(sent).toHaveLength(3);
  });

  it("has two requests in flight of a batch that began as one chunk", async () => {
    hold();
    await begin(0, LONG);
    expect(sent).toHaveLength(2);
  });

  it("retries a chunk under its key with backoff, and never before Retry-After", async () => {
    answer = () => Promise.reject(new ApiError({ code: "busy", detail: "" }, true, 7_000));
    const sender = await begin(CHUNK);
    await vi.advanceTimersByTimeAsync(6_900);
    expect(sent).toHaveLength(1);
    expect(sender.snapshot()).toMatchObject({ elsewhere: false, trouble: { code: "busy" } });
    answer = accept;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(2);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
    expect(progress().accepted).toBe(CHUNK);
  });

  it("retries immediately on request, but not before the time that a Retry-After named", async () => {
    answer = () => Promise.reject(new ApiError({ code: "busy", detail: "" }, true, null));
    const sender = await begin(CHUNK);
    answer = () => Promise.reject(new ApiError({ code: "busy", detail: "" }, true, 20_000));
    sender.tryNow();
    await settle();
    expect(sent).toHaveLength(2);
    answer = accept;
    sender.tryNow();
    await vi.advanceTimersByTimeAsync(19_000);
    expect(sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(progress().accepted).toBe(CHUNK);
  });

  it("leaves out lines that the service refuses, and sends the rest under another key", async () => {
    answer = (chunk) =>
      chunk.texts.includes("2") ? refuse("invalid-text", [{ index: 1, detail: "Too much." }]) : accept(chunk);
    await begin(3);
    expect(sent.map(({ texts }) => texts)).toEqual([
      ["1", "2", "3"],
      ["1", "3"],
    ]);
    expect(sent[1]?.key).not.toBe(sent[0]?.key);
    expect(progress()).toMatchObject({ accepted: 2, refused: [{ line: 2, detail: "Too much." }] });
    expect(await batches.receipts()).toMatchObject([{ lines: [1, 3] }, { refused: [{ line: 2 }] }]);
  });

  it("halves what is too large until it fits, and refuses a line that alone does not", async () => {
    answer = (chunk) =>
      chunk.texts.length > 2 || chunk.texts.includes("5") ? refuse("too-large") : accept(chunk);
    await begin(9);
    expect(progress()).toMatchObject({ accepted: 8, refused: [{ line: 5, detail: "No." }], pending: [] });
  });

  it.each([
    ["none", []],
    [
      "only lines that were not sent",
      [
        { index: 3, detail: "" },
        { index: -1, detail: "" },
      ],
    ],
  ])("finds the refused line if the service names %s", async (_, items) => {
    answer = (chunk) => (chunk.texts.includes("2") ? refuse("invalid-text", items) : accept(chunk));
    await begin(3);
    expect(progress()).toMatchObject({ accepted: 2, refusedCount: 1, refused: [{ line: 2, detail: "No." }] });
  });

  it("counts a line once that the service names twice", async () => {
    const item = { index: 0, detail: "Bad." };
    answer = (chunk) => (chunk.texts.includes("1") ? refuse("invalid-text", [item, item]) : accept(chunk));
    await begin(2);
    expect(progress()).toMatchObject({ accepted: 1, refusedCount: 1 });
  });

  it("sends lines under another key, later, if theirs is another request's", async () => {
    answer = (chunk) => (sent.length === 1 ? refuse("key-reused") : accept(chunk));
    await begin(2);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(progress()).toMatchObject({ accepted: 2, refusedCount: 0 });
    expect(sent[1]?.key).not.toBe(sent[0]?.key);
  });

  it.each([
    ["fewer ids", { count: 2, ids: ["a"] }],
    ["an id twice", { count: 2, ids: ["a", "a"] }],
    ["another count", { count: 3, ids: ["a", "b"] }],
    ["nothing", null],
  ])("believes no answer with %s, and repeats the request", async (_, body) => {
    answer = async (chunk) => (sent.length === 1 ? (body as Schema<"BulkAccepted">) : accept(chunk));
    await begin(2);
    expect(progress()).toMatchObject({ accepted: 0, underWay: 2 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(progress().accepted).toBe(2);
    expect(sent[1]).toEqual(sent[0]);
  });

  it("stops, and counts no line as refused, if the refusal is not about the lines", async () => {
    answer = () => refuse("unexpected-answer");
    await begin(5 * CHUNK);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent.length).toBeLessThanOrEqual(2);
    expect(progress()).toMatchObject({ accepted: 0, refusedCount: 0, batch: { intent: "stopped" } });
    answer = accept;
    await batches.resume(progress().batch);
    await settle();
    expect(progress().accepted).toBe(5 * CHUNK);
  });

  it("pauses, even while it waits to retry, and resumes", async () => {
    answer = () => Promise.reject(away);
    await begin(CHUNK);
    await batches.pause(progress().batch);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(1);
    answer = accept;
    await batches.resume(progress().batch);
    await settle();
    expect(sent).toHaveLength(2);
    expect(progress().accepted).toBe(CHUNK);
  });

  it("sends nothing more once it is cancelled, and is over when what was under way is answered", async () => {
    const finish = hold();
    await begin(5 * CHUNK);
    await batches.cancel(progress().batch);
    expect(progress()).toMatchObject({ accepted: 0, underWay: 2 * CHUNK });
    expect(isOver(progress())).toBe(false);
    for (const done of finish) done();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(2);
    expect(progress()).toMatchObject({ accepted: 2 * CHUNK, underWay: 0, batch: { intent: "cancel" } });
    expect(unsentOf(progress())).toBe(3 * CHUNK);
    expect(isOver(progress())).toBe(true);
  });

  it("sends the rest of a cancelled batch when it is resumed, and what was left without an answer", async () => {
    hold();
    await begin(5 * CHUNK);
    await batches.cancel(progress().batch);
    await batches.leave(progress().batch);
    expect(isOver(progress())).toBe(true);
    expect(unsentOf(progress())).toBe(3 * CHUNK);
    answer = accept;
    await batches.resume(progress().batch);
    await settle();
    expect(progress()).toMatchObject({ accepted: 5 * CHUNK, pending: [] });
    expect(new Set(sent.map(({ key }) => key)).size).toBe(5);
  });

  it("counts a late answer for its own batch only", async () => {
    const finish = hold();
    await begin(CHUNK);
    await batches.cancel(progress().batch);
    await batches.leave(progress().batch);
    expect(await batches.clear(progress().batch)).toBe(true);
    answer = accept;
    await batches.begin("another", null, linesOf(3));
    for (const done of finish) done();
    await settle();
    expect(progress()).toMatchObject({ accepted: 3, batch: { id: "another" }, pending: [] });
    expect(await batches.receipts()).toHaveLength(1);
  });

  it("keeps a batch cancelled though a late refusal would stop it", async () => {
    const refuseLate: (() => void)[] = [];
    answer = () =>
      new Promise((_, reject) => refuseLate.push(() => refuse("unexpected-answer").catch(reject)));
    await begin(2 * CHUNK);
    await batches.cancel(progress().batch);
    for (const late of refuseLate) late();
    await settle();
    expect(progress()).toMatchObject({ underWay: 2 * CHUNK, batch: { intent: "leave" } });
  });

  it.each([
    ["on a slow line, and more on a fast one", false],
    ["if the line is slow, not if the answers are late", true],
  ])("sends less with a request %s", async (_, late) => {
    let delay = (bytes: number) => bytes / 10;
    const sizes: number[] = [];
    const uploaded = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    const sending = new Sender(batches, async (chunk, onUploaded) => {
      const bytes = bytesOf(chunk);
      sizes.push(bytes);
      await uploaded(delay(bytes));
      onUploaded();
      if (late) await uploaded(4_000);
      return accept(chunk);
    });
    sending.start();
    await batches.begin("a-batch", "long.txt", linesOf(6_000, 999));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Math.max(...sizes)).toBeLessThan(70_000);
    delay = () => 10;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Math.max(...sizes)).toBeGreaterThan(900_000);
    expect(progress()).toMatchObject({ accepted: 6_000, pending: [] });
  });

  it("has one batch at a time, and accepts the next when the first is dismissed", async () => {
    await begin(1);
    expect(await batches.begin("another", null, linesOf(1))).toBe(false);
    await batches.clear(progress().batch);
    expect(await batches.begin("another", null, linesOf(1))).toBe(true);
  });

  it("sends each line under one key, though two tabs send and the service refuses some lines", async () => {
    const storage = new MemoryStorage();
    const keep = new Map<string, Set<string>>();
    answer = async (chunk) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const index = chunk.texts.findIndex((text) => text.endsWith("7"));
      if (index >= 0) return refuse("invalid-text", [{ index, detail: "A seven." }]);
      for (const text of chunk.texts) keep.set(text, (keep.get(text) ?? new Set()).add(chunk.key));
      return accept(chunk);
    };
    const tabs = [new Batches(storage), new Batches(storage)];
    for (const tab of tabs) new Sender(tab, (chunk) => answer(chunk)).start();
    await tabs[0]?.begin("a-batch", null, linesOf(100));
    await tabs[1]?.reload();
    await vi.advanceTimersByTimeAsync(60_000);
    await tabs[0]?.reload();
    expect(tabs[0]?.progress()).toMatchObject({ accepted: 90, refusedCount: 10, pending: [] });
    expect([...keep.values()].map((keys) => keys.size)).toEqual(Array(90).fill(1));
  });
});
