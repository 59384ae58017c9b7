import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, pageError } from "../../api/apiError";
import type { Schema } from "../../api/schema";
import { accept, linesOf, refuse, settle } from "../../testing/sending";
import { idsUnder } from "../strings/kept";
import type { Batch, Chunk } from "./batch";
import { Batches } from "./batches";
import type { Send } from "./batchRun";
import { MemoryStorage } from "./memoryStorage";
import type { Progress } from "./progress";
import { Sender } from "./sender";

type Answer = (chunk: Chunk) => Promise<Schema<"BulkAccepted">>;
type Request = { tab: number; chunk: Chunk; move: () => void; answer: (give: Answer) => Promise<void> };

const tooLarge: Answer = () => Promise.reject(new ApiError({ code: "too-large", detail: "No." }, false));
const invalid: Answer = () => refuse("invalid-text", [{ index: 1, detail: "Too long." }]);
const timedOut: Answer = () => Promise.reject(pageError("timed-out"));

let storage: MemoryStorage;
let tabs: Batches[];
let sent: Request[];
/** The keys under which each line was accepted. */
let keys: Map<string, Set<string>>;
let kept: Set<string>;

/** Opens a tab, without locks, which sends what the storage has. */
async function open(): Promise<void> {
  const batches = new Batches(storage);
  const tab = tabs.push(batches) - 1;
  const send: Send = (chunk, _, move) => {
    return new Promise((resolve, reject) => {
      const answer = async (give: Answer) => {
        await give(chunk).then((accepted) => {
          for (const text of chunk.texts) keys.set(text, (keys.get(text) ?? new Set()).add(chunk.key));
          for (const id of idsUnder(chunk.key, chunk.texts)) kept.add(id);
          resolve(accepted);
        }, reject);
        await settle();
      };
      sent.push({ tab, chunk, move, answer });
    });
  };
  new Sender(batches, send, async (ids) => ids.filter((id) => !kept.has(id))).start();
  await settle();
}

/** Gives the answers to requests as they come, for a minute unless another number of seconds is given. */
async function answerAll(give: Answer, seconds = 60): Promise<void> {
  for (let halves = 0; halves < 2 * seconds; halves++) {
    for (const { answer } of sent.splice(0)) await answer(give);
    await vi.advanceTimersByTimeAsync(500);
  }
}

const progress = async (tab = 0) => {
  await tabs[tab]?.reload();
  return tabs[tab]?.progress();
};

/** The keys of each accepted line, as many as there are of them. */
const keysOfEach = () => [...keys.values()].map((each) => each.size);

beforeEach(async () => {
  storage = new MemoryStorage();
  [tabs, sent, keys, kept] = [[], [], new Map(), new Set()];
  await open();
  await tabs[0]?.begin("a-batch", null, linesOf(4));
  await settle();
});

describe("a chunk that two tabs send", () => {
  describe.each([
    ["too large", tooLarge],
    ["with a line that is refused", invalid],
  ])("%s", (_, refusal) => {
    it.each([
      ["the tab that sent it first", 0],
      ["the other tab", 1],
    ])("is stored once though one server refuses it to %s, and another accepts it", async (_, refusedTab) => {
      await open();
      const requests = sent.splice(0);
      expect(requests.map(({ tab }) => tab)).toEqual([0, 1]);
      await requests[refusedTab]?.answer(refusal);
      expect(await progress()).toMatchObject({ accepted: 0, refusedCount: 0, underWay: 4 });
      await requests[1 - refusedTab]?.answer(accept);
      await answerAll(accept);
      expect(await progress()).toMatchObject({ accepted: 4, refusedCount: 0, pending: [] });
      expect(keysOfEach()).toEqual([1, 1, 1, 1]);
    });
  });

  it("is halved once all of its requests are refused for their size", async () => {
    await open();
    await answerAll((chunk) => (chunk.texts.length > 2 ? tooLarge(chunk) : accept(chunk)));
    expect(await progress()).toMatchObject({ accepted: 4, refusedCount: 0, pending: [] });
    expect(keysOfEach()).toEqual([1, 1, 1, 1]);
  });

  it("loses a refused line, at once, when the last of its requests is refused", async () => {
    await open();
    for (const { answer } of sent.splice(0)) await answer(invalid);
    expect(await progress()).toMatchObject({ refused: [{ line: 2 }], pending: [1] });
    await answerAll(accept);
    expect(await progress()).toMatchObject({ accepted: 3, refusedCount: 1 });
    expect(keysOfEach()).toEqual([1, 1, 1]);
  });

  it("loses a refused line once the request of a tab that is gone cannot be accepted any longer", async () => {
    sent = [];
    await open();
    await sent.splice(0)[0]?.answer(invalid);
    expect(await progress(1)).toMatchObject({ refusedCount: 0, underWay: 4 });
    await answerAll((chunk) => (chunk.texts.includes("2") ? invalid(chunk) : accept(chunk)));
    expect(await progress(1)).toMatchObject({ accepted: 3, refused: [{ line: 2 }], pending: [] });
  });
});

describe("a chunk whose request got no answer in time", () => {
  it("keeps its lines and key while that request may be accepted, though its repeats are refused", async () => {
    const [first] = sent.splice(0);
    await first?.answer(timedOut);
    await answerAll(invalid, 9);
    expect(await progress()).toMatchObject({ refusedCount: 0, underWay: 4 });
    await first?.answer(accept);
    await answerAll(accept);
    expect(await progress()).toMatchObject({ accepted: 4, refusedCount: 0, pending: [] });
    expect(keysOfEach()).toEqual([1, 1, 1, 1]);
  });

  it("keeps them over a reload, also while the tab that sent it is gone", async () => {
    const [first] = sent.splice(0);
    await first?.answer(timedOut);
    await sent.splice(0)[0]?.answer(invalid);
    await open();
    const reloaded = sent.filter(({ tab }) => tab === 1);
    await reloaded[0]?.answer(invalid);
    expect(await progress(1)).toMatchObject({ refusedCount: 0, underWay: 4 });
    expect(first?.chunk.key).toBe(reloaded[0]?.chunk.key);
  });

  it.each([1, 2])("loses a refused line once it must have ended, with %i tabs", async (count) => {
    if (count === 2) await open();
    for (const { answer } of sent.splice(0)) await answer(timedOut);
    await answerAll((chunk) => (chunk.texts.includes("2") ? invalid(chunk) : accept(chunk)));
    expect(await progress()).toMatchObject({ accepted: 3, refused: [{ line: 2 }], pending: [] });
    expect(keysOfEach()).toEqual([1, 1, 1]);
  });

  it.each([
    ["another tab", () => open()],
    [
      "the same tab, after it was left and resumed",
      async () => {
        const [tab] = tabs as [Batches];
        await tab.cancel((await progress())?.batch as Batch);
        await tab.leave((await progress())?.batch as Batch);
        await tab.resume((await progress())?.batch as Batch);
        await settle();
      },
    ],
  ])(
    "keeps its lines and key for as long as a slow request still moves, though %s is refused",
    async (_, again) => {
      const [slow] = sent.splice(0) as [Request];
      await again();
      for (let seconds = 0; seconds < 120; seconds += 5) {
        slow.move();
        await answerAll(invalid, 5);
      }
      expect(await progress()).toMatchObject({ refusedCount: 0, underWay: 4 });
      await slow.answer(accept);
      await answerAll(accept);
      expect(await progress()).toMatchObject({ accepted: 4, refusedCount: 0, pending: [] });
      expect(keysOfEach()).toEqual([1, 1, 1, 1]);
    },
  );

  it.each([
    ["came from a place that is not allowed", () => refuse("foreign-origin")],
    ["was refused for another reason", () => refuse("not-found")],
  ] as [string, Answer][])("is not waited for if it %s, also after a reload", async (_, answer) => {
    await sent.splice(0)[0]?.answer(answer);
    await open();
    sent = sent.filter(({ tab }) => tab === 1);
    const { batch } = (await progress(1)) as Progress;
    if (batch.intent === "stopped") await tabs[1]?.resume(batch);
    await answerAll((chunk) => (chunk.texts.length > 2 ? tooLarge(chunk) : accept(chunk)));
    expect(await progress(1)).toMatchObject({ accepted: 4, refusedCount: 0, pending: [] });
  });

  it("keeps its lines and key though the note that it moves cannot be written", async () => {
    const [slow] = sent.splice(0) as [Request];
    await vi.advanceTimersByTimeAsync(6_000);
    vi.spyOn(storage, "claim").mockRejectedValueOnce(new Error("no room"));
    slow.move();
    await settle();
    await slow.answer(timedOut);
    await answerAll(invalid, 9);
    await slow.answer(accept);
    await answerAll(accept);
    expect(await progress()).toMatchObject({ accepted: 4, refusedCount: 0, pending: [] });
    expect(keysOfEach()).toEqual([1, 1, 1, 1]);
  });
});
