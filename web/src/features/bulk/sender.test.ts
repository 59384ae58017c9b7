import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../../api/apiError";
import type { Schema } from "../../api/schema";
import type { Chunk } from "./batch";
import { Batches, isOver } from "./batches";
import { LineReader, type Lines } from "./lines";
import { Sender } from "./sender";

const CHUNK = 2_000;
const away = new ApiError({ code: "journal-away", detail: "" }, true);

let batches: Batches;
let sent: Chunk[];
let answer: (chunk: Chunk) => Promise<Schema<"BulkAccepted">>;

function linesOf(count: number): Lines {
  const reader = new LineReader();
  reader.read(Array.from({ length: count }, (_, index) => `${index + 1}\n`).join(""));
  return reader.end();
}

async function accept({ key, texts }: Chunk): Promise<Schema<"BulkAccepted">> {
  const ids = texts.map((text) => `${key}-${text}`);
  return { count: texts.length, ids, received_at: "2026-01-02T03:04:05Z", accepted_total: sent.length };
}

function refuse(code: string, errors: Schema<"RefusedItem">[] = []): Promise<never> {
  return Promise.reject(new ApiError({ code, detail: "No." }, false, null, errors));
}

async function begin(count: number): Promise<Sender> {
  const sender = new Sender(batches, (chunk) => {
    sent.push(chunk);
    return answer(chunk);
  });
  sender.start();
  await batches.begin("names.txt", linesOf(count));
  await settle();
  return sender;
}

function progress() {
  const state = batches.snapshot();
  if (!state.known || !state.progress) throw new Error("no batch");
  return state.progress;
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
    const finish: (() => void)[] = [];
    answer = (chunk) => new Promise((resolve) => finish.push(() => resolve(accept(chunk))));
    await begin(5 * CHUNK);
    expect(sent).toHaveLength(2);
    finish[0]?.();
    await settle();
    expect(sent).toHaveLength(3);
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

  it("retries immediately on request", async () => {
    answer = () => Promise.reject(new ApiError({ code: "busy", detail: "" }, true, 60_000));
    const sender = await begin(CHUNK);
    answer = accept;
    sender.tryNow();
    await settle();
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
    expect(await batches.receipts()).toMatchObject([
      { lines: [1, 3], refused: [{ line: 2, detail: "Too much." }] },
    ]);
  });

  it("counts all lines of a refused chunk, and continues with the next", async () => {
    answer = (chunk) => (chunk.number === 0 ? refuse("too-large") : accept(chunk));
    await begin(CHUNK + 1);
    expect(progress()).toMatchObject({ accepted: 1, refusedCount: CHUNK, pending: [] });
    expect(progress().refused).toHaveLength(100);
    expect((await batches.receipts())[0]?.refused).toHaveLength(CHUNK);
  });

  it("stops, and counts no line as refused, if the refusal is not about the lines", async () => {
    answer = () => refuse("unexpected-answer");
    await begin(5 * CHUNK);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent.length).toBeLessThanOrEqual(2);
    expect(progress()).toMatchObject({ accepted: 0, refusedCount: 0, batch: { intent: "stopped" } });
    answer = accept;
    await batches.resume();
    await settle();
    expect(progress().accepted).toBe(5 * CHUNK);
  });

  it("pauses, even while it waits to retry, and resumes", async () => {
    answer = () => Promise.reject(away);
    await begin(CHUNK);
    await batches.pause();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(1);
    answer = accept;
    await batches.resume();
    await settle();
    expect(sent).toHaveLength(2);
    expect(progress().accepted).toBe(CHUNK);
  });

  it("sends nothing more once it is cancelled, and keeps what was accepted", async () => {
    const finish: (() => void)[] = [];
    answer = (chunk) => new Promise((resolve) => finish.push(() => resolve(accept(chunk))));
    await begin(5 * CHUNK);
    await batches.cancel();
    for (const done of finish) done();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(2);
    expect(progress()).toMatchObject({ accepted: 2 * CHUNK, batch: { intent: "cancel" } });
    expect(isOver(progress())).toBe(true);
  });

  it("has one batch at a time, and accepts the next when the first is dismissed", async () => {
    await begin(1);
    expect(await batches.begin(null, linesOf(1))).toBe(false);
    await batches.clear();
    expect(await batches.begin(null, linesOf(1))).toBe(true);
  });
});
