import { describe, expect, it, vi } from "vitest";
import { ApiError } from "../../api/apiError";
import {
  accept,
  away,
  begin,
  CHUNK,
  hold,
  LONG,
  linesOf,
  progress,
  receipt,
  refuse,
  service,
  settle,
} from "../../testing/sending";
import type { Chunk } from "./batch";
import { Batches } from "./batches";
import { MemoryStorage } from "./memoryStorage";
import { bytesOf } from "./pieces";
import { isOver, unsentOf } from "./progress";
import { Sender } from "./sender";

describe("Sender", () => {
  it("sends every chunk once, and knows the id of every line", async () => {
    await begin(3 * CHUNK - 1);
    expect(service.sent).toHaveLength(3);
    expect(progress()).toMatchObject({ accepted: 3 * CHUNK - 1, refusedCount: 0, pending: [] });
    expect(isOver(progress())).toBe(true);
    const rows = (await receipt()).flatMap(({ lines, ids }) =>
      lines.map((line, index) => [line, ids[index]]),
    );
    expect(rows.every(([line, id]) => `${id}`.endsWith(`-${line}`))).toBe(true);
    expect(rows).toHaveLength(3 * CHUNK - 1);
  });

  it("has at most two requests in flight", async () => {
    const finish = hold();
    await begin(5 * CHUNK);
    expect(service.sent).toHaveLength(2);
    finish[0]?.();
    await settle();
    expect(service.sent).toHaveLength(3);
  });

  it("has two requests in flight of a batch that began as one chunk", async () => {
    hold();
    await begin(0, LONG);
    expect(service.sent).toHaveLength(2);
  });

  it("retries a chunk under its key with backoff, and never before Retry-After", async () => {
    service.answer = () => Promise.reject(new ApiError({ code: "busy", detail: "" }, true, 7_000));
    const sender = await begin(CHUNK);
    await vi.advanceTimersByTimeAsync(6_900);
    expect(service.sent).toHaveLength(1);
    expect(sender.snapshot()).toMatchObject({ elsewhere: false, trouble: { code: "busy" } });
    service.answer = accept;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(service.sent).toHaveLength(2);
    expect(new Set(service.sent.map(({ key }) => key)).size).toBe(1);
    expect(progress().accepted).toBe(CHUNK);
  });

  it("retries immediately on request, but not before the time that a Retry-After named", async () => {
    service.answer = () => Promise.reject(new ApiError({ code: "busy", detail: "" }, true, null));
    const sender = await begin(CHUNK);
    service.answer = () => Promise.reject(new ApiError({ code: "busy", detail: "" }, true, 20_000));
    sender.tryNow();
    await settle();
    expect(service.sent).toHaveLength(2);
    service.answer = accept;
    sender.tryNow();
    await vi.advanceTimersByTimeAsync(19_000);
    expect(service.sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(progress().accepted).toBe(CHUNK);
  });

  it("pauses, even while it waits to retry, once what was under way is answered, and resumes", async () => {
    service.answer = () => Promise.reject(away);
    await begin(5 * CHUNK);
    await service.batches.pause(progress().batch);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(progress()).toMatchObject({ accepted: 0, underWay: 2 * CHUNK });
    service.answer = accept;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(progress()).toMatchObject({ accepted: 2 * CHUNK, underWay: 0, batch: { intent: "pause" } });
    expect(new Set(service.sent.map(({ key }) => key)).size).toBe(2);
    await service.batches.resume(progress().batch);
    await settle();
    expect(progress()).toMatchObject({ accepted: 5 * CHUNK, pending: [] });
  });

  it("stops a batch that is paused while the service refuses every chunk", async () => {
    service.answer = () => Promise.reject(away);
    await begin(5 * CHUNK);
    await service.batches.pause(progress().batch);
    service.answer = () => refuse("not-found");
    const { length } = service.sent;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(progress().batch).toMatchObject({ intent: "stopped", trouble: { code: "not-found" } });
    expect(service.sent.length - length).toBeLessThanOrEqual(2);
  });

  it("finishes what was under way when a paused batch was loaded again, by whichever tab can", async () => {
    const storage = new MemoryStorage();
    service.batches = new Batches(storage);
    hold();
    await begin(5 * CHUNK);
    await service.batches.pause(progress().batch);
    const { length } = service.sent;
    service.answer = accept;
    const reloaded = new Batches(storage);
    new Sender(reloaded, (chunk) => {
      service.sent.push(chunk);
      return accept(chunk);
    }).start();
    await settle();
    expect(reloaded.progress()).toMatchObject({
      accepted: 2 * CHUNK,
      underWay: 0,
      batch: { intent: "pause" },
    });
    expect(service.sent.slice(length).map(({ key }) => key)).toEqual(
      service.sent.slice(0, length).map(({ key }) => key),
    );
  });

  it("sends nothing more once it is cancelled, and is over when what was under way is answered", async () => {
    const finish = hold();
    await begin(5 * CHUNK);
    await service.batches.cancel(progress().batch);
    expect(progress()).toMatchObject({ accepted: 0, underWay: 2 * CHUNK });
    expect(isOver(progress())).toBe(false);
    for (const done of finish) done();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(service.sent).toHaveLength(2);
    expect(progress()).toMatchObject({ accepted: 2 * CHUNK, underWay: 0, batch: { intent: "cancel" } });
    expect(unsentOf(progress())).toBe(3 * CHUNK);
    expect(isOver(progress())).toBe(true);
  });

  it("sends the rest of a cancelled batch when it is resumed, and what was left without an answer", async () => {
    hold();
    await begin(5 * CHUNK);
    await service.batches.cancel(progress().batch);
    await service.batches.leave(progress().batch);
    expect(isOver(progress())).toBe(true);
    expect(unsentOf(progress())).toBe(3 * CHUNK);
    service.answer = accept;
    await service.batches.resume(progress().batch);
    await settle();
    expect(progress()).toMatchObject({ accepted: 5 * CHUNK, pending: [] });
    expect(new Set(service.sent.map(({ key }) => key)).size).toBe(5);
  });

  it("counts a late answer for its own batch only", async () => {
    const finish = hold();
    await begin(CHUNK);
    await service.batches.cancel(progress().batch);
    await service.batches.leave(progress().batch);
    expect(await service.batches.clear(progress().batch)).toBe(true);
    service.answer = accept;
    await service.batches.begin("another", null, linesOf(3));
    for (const done of finish) done();
    await settle();
    expect(progress()).toMatchObject({ accepted: 3, batch: { id: "another" }, pending: [] });
    expect(await receipt()).toHaveLength(1);
  });

  it.each([
    ["on a slow line, and more on a fast one", false],
    ["if the line is slow, not if the answers are late", true],
  ])("sends less with a request %s", async (_, late) => {
    let delay = (bytes: number) => bytes / 10;
    const sizes: number[] = [];
    const uploaded = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    const sending = new Sender(service.batches, async (chunk, onUploaded) => {
      const bytes = bytesOf(chunk);
      sizes.push(bytes);
      await uploaded(delay(bytes));
      onUploaded();
      if (late) await uploaded(4_000);
      return accept(chunk);
    });
    sending.start();
    await service.batches.begin("a-batch", "long.txt", linesOf(6_000, 999));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Math.max(...sizes)).toBeLessThan(70_000);
    delay = () => 10;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Math.max(...sizes)).toBeGreaterThan(900_000);
    expect(progress()).toMatchObject({ accepted: 6_000, pending: [] });
  });

  it("has one batch at a time, and accepts the next when the first is dismissed", async () => {
    await begin(1);
    expect(await service.batches.begin("another", null, linesOf(1))).toBe(false);
    await service.batches.clear(progress().batch);
    expect(await service.batches.begin("another", null, linesOf(1))).toBe(true);
  });

  it("sends each line under one key, though two tabs send and the service refuses some lines", async () => {
    const storage = new MemoryStorage();
    const keep = new Map<string, Set<string>>();
    service.answer = async (chunk) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const index = chunk.texts.findIndex((text) => text.endsWith("7"));
      if (index >= 0) return refuse("invalid-text", [{ index, detail: "A seven." }]);
      for (const text of chunk.texts) keep.set(text, (keep.get(text) ?? new Set()).add(chunk.key));
      return accept(chunk);
    };
    const tabs = [new Batches(storage), new Batches(storage)];
    for (const tab of tabs) new Sender(tab, (chunk) => service.answer(chunk)).start();
    await tabs[0]?.begin("a-batch", null, linesOf(100));
    await tabs[1]?.reload();
    await vi.advanceTimersByTimeAsync(60_000);
    await tabs[0]?.reload();
    expect(tabs[0]?.progress()).toMatchObject({ accepted: 90, refusedCount: 10, pending: [] });
    expect([...keep.values()].map((keys) => keys.size)).toEqual(Array(90).fill(1));
  });
});

it("is not stopped by a late refusal of what another tab's request has settled", async () => {
  const storage = new MemoryStorage();
  const answers: ((answer: ReturnType<typeof accept>) => void)[] = [];
  const [first, second] = [new Batches(storage), new Batches(storage)];
  const open = async (batches: Batches) => {
    new Sender(batches, () => new Promise((resolve) => answers.push(resolve))).start();
    await settle();
  };
  await open(first);
  await first.begin("a-batch", null, linesOf(3));
  await settle();
  const chunk = (await first.chunk(1)) as Chunk;
  await open(second);
  expect(answers).toHaveLength(2);
  answers[0]?.(accept(chunk));
  await settle();
  answers[1]?.(refuse("forbidden"));
  await settle();
  expect(second.progress()).toMatchObject({ accepted: 3, batch: { intent: "send", trouble: null } });
});
