import { describe, expect, it, vi } from "vitest";
import { ApiError } from "../../api/apiError";
import type { Schema } from "../../api/schema";
import {
  accept,
  away,
  begin,
  CHUNK,
  progress,
  receipt,
  refuse,
  service,
  settle,
} from "../../testing/sending";
import { idsUnder } from "../strings/kept";
import type { Chunk } from "./batch";

const tooLarge = (code: string) => Promise.reject(new ApiError({ code, detail: "HTTP 413" }, false));

describe("a chunk that is refused", () => {
  it("leaves out lines that the service refuses, and sends the rest under another key", async () => {
    service.answer = (chunk) =>
      chunk.texts.includes("2") ? refuse("invalid-text", [{ index: 1, detail: "Too much." }]) : accept(chunk);
    await begin(3);
    expect(service.sent.map(({ texts }) => texts)).toEqual([
      ["1", "2", "3"],
      ["1", "3"],
    ]);
    expect(service.sent[1]?.key).not.toBe(service.sent[0]?.key);
    expect(progress()).toMatchObject({ accepted: 2, refused: [{ line: 2, detail: "Too much." }] });
    expect(await receipt()).toMatchObject([{ lines: [1, 3] }, { refused: [{ line: 2 }] }]);
  });

  it("halves what is too large until it fits, and refuses a line that alone does not", async () => {
    service.answer = (chunk) =>
      chunk.texts.length > 2 || chunk.texts.includes("5") ? refuse("too-large") : accept(chunk);
    await begin(9);
    expect(progress()).toMatchObject({ accepted: 8, refused: [{ line: 5, detail: "No." }], pending: [] });
  });

  it.each([
    ["all", []],
    ["some", ["2", "3"]],
  ])("is accepted as far as the service has it, though it is too large: %s", async (_, lacking) => {
    const ids = ({ key, texts }: Chunk) => idsUnder(key, texts);
    service.missingOf = async () => {
      const [chunk] = service.sent;
      return chunk ? ids(chunk).filter((_, index) => lacking.includes(chunk.texts[index] ?? "")) : [];
    };
    service.answer = (chunk) => (service.sent.length === 1 ? tooLarge("too-large") : accept(chunk));
    await begin(4);
    const [first, second] = service.sent;
    expect(second?.texts ?? []).toEqual(lacking);
    expect(progress()).toMatchObject({ accepted: 4, refusedCount: 0, pending: [] });
    const [kept] = await receipt();
    expect(kept?.lines.map(String)).toEqual(first?.texts.filter((text) => !lacking.includes(text)));
    expect(kept?.ids).toEqual(
      first && ids(first).filter((_, index) => !lacking.includes(first.texts[index] ?? "")),
    );
  });

  it.each([
    ["no one knows", async () => null],
    ["the question fails", () => Promise.reject(away)],
  ])("is repeated as it is while it is too large and %s whether the service has it", async (_, missing) => {
    service.missingOf = missing;
    service.answer = (chunk) => (service.sent.length < 3 ? tooLarge("too-large") : accept(chunk));
    await begin(4);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(new Set(service.sent.map(({ key }) => key)).size).toBe(1);
    expect(progress()).toMatchObject({ accepted: 4 });
  });

  it("is halved at its first attempt where only readers may ask whether the service has it", async () => {
    service.missingOf = () => Promise.reject(new ApiError({ code: "reader-only", detail: "" }, false));
    service.answer = (chunk) => (chunk.texts.length > 2 ? tooLarge("too-large") : accept(chunk));
    await begin(4);
    expect(progress()).toMatchObject({ accepted: 4, refusedCount: 0 });
  });

  it.each(["too-large", "unexpected-answer"])(
    "is repeated as it is after a lost answer, although the repeat is %s",
    async (code) => {
      service.answer = () => (service.sent.length === 1 ? Promise.reject(away) : tooLarge(code));
      await begin(4);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(service.sent.length).toBeGreaterThan(2);
      expect(progress()).toMatchObject({ accepted: 0, refusedCount: 0, underWay: 4 });
      service.answer = accept;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(progress().accepted).toBe(4);
      expect(new Set(service.sent.map(({ key }) => key)).size).toBe(1);
    },
  );

  it("is halved after an answer that says that nothing was kept", async () => {
    const busy = new ApiError({ code: "busy", detail: "" }, true);
    service.answer = (chunk) => {
      if (service.sent.length === 1) return Promise.reject(busy);
      return chunk.texts.length > 2 ? tooLarge("too-large") : accept(chunk);
    };
    await begin(4);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(progress()).toMatchObject({ accepted: 4, refusedCount: 0 });
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
    service.answer = (chunk) => (chunk.texts.includes("2") ? refuse("invalid-text", items) : accept(chunk));
    await begin(3);
    expect(progress()).toMatchObject({ accepted: 2, refusedCount: 1, refused: [{ line: 2, detail: "No." }] });
  });

  it("counts a line once that the service names twice", async () => {
    const item = { index: 0, detail: "Bad." };
    service.answer = (chunk) =>
      chunk.texts.includes("1") ? refuse("invalid-text", [item, item]) : accept(chunk);
    await begin(2);
    expect(progress()).toMatchObject({ accepted: 1, refusedCount: 1 });
  });

  it.each([
    ["at once", 1],
    ["after a lost answer", 2],
  ])(
    "is never sent under another key if the service has seen its key with other lines, %s",
    async (_, at) => {
      service.answer = () => (service.sent.length < at ? Promise.reject(away) : refuse("key-reused"));
      await begin(2);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(service.sent).toHaveLength(at);
      expect(progress()).toMatchObject({ accepted: 0, underWay: 2, batch: { intent: "stopped" } });
      await service.batches.resume(progress().batch);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(new Set(service.sent.map(({ key }) => key)).size).toBe(1);
      expect(progress()).toMatchObject({ accepted: 0, refusedCount: 0, batch: { intent: "stopped" } });
    },
  );

  it.each([
    ["fewer ids", { count: 2, ids: ["a"] }],
    ["an id twice", { count: 2, ids: ["a", "a"] }],
    ["another count", { count: 3, ids: ["a", "b"] }],
    ["nothing", null],
  ])("believes no answer with %s, and repeats the request", async (_, body) => {
    service.answer = async (chunk) =>
      service.sent.length === 1 ? (body as Schema<"BulkAccepted">) : accept(chunk);
    await begin(2);
    expect(progress()).toMatchObject({ accepted: 0, underWay: 2 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(progress().accepted).toBe(2);
    const [{ key, texts } = { key: "", texts: [] }, repeated] = service.sent;
    expect(repeated).toMatchObject({ key, texts });
  });

  it("stops, and counts no line as refused, if the refusal is not about the lines", async () => {
    service.answer = () => refuse("unexpected-answer");
    await begin(5 * CHUNK);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(service.sent.length).toBeLessThanOrEqual(2);
    expect(progress()).toMatchObject({ accepted: 0, refusedCount: 0, batch: { intent: "stopped" } });
    service.answer = accept;
    await service.batches.resume(progress().batch);
    await settle();
    expect(progress().accepted).toBe(5 * CHUNK);
  });

  it("keeps a batch cancelled though a late refusal would stop it", async () => {
    const refuseLate: (() => void)[] = [];
    service.answer = () =>
      new Promise((_, reject) => refuseLate.push(() => refuse("unexpected-answer").catch(reject)));
    await begin(2 * CHUNK);
    await service.batches.cancel(progress().batch);
    for (const late of refuseLate) late();
    await settle();
    expect(progress()).toMatchObject({ underWay: 2 * CHUNK, batch: { intent: "leave" } });
  });
});
