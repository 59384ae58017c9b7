import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { pipeline } from "../../testing/fakeApi";
import { idOf } from "../../testing/ids";
import { server } from "../../testing/server";
import { acceptedLines } from "./batch";
import { Batches } from "./batches";
import { FateWatch } from "./fateWatch";
import { LineReader } from "./lines";

const ALL = { stored: 2, failed: [], queued: 0, not_found: [], unavailable: 0 };
const SET_BACK = { at: "2026-01-02T03:04:05Z", before: 9, after: 8 };

let batches: Batches;
let asked: number;
let status: object;

beforeEach(async () => {
  asked = 0;
  status = ALL;
  server.use(
    http.post("/dummies/status", () => {
      asked++;
      return HttpResponse.json(status);
    }),
  );
  batches = new Batches(null);
  const lines = new LineReader();
  lines.read("a\nb\n");
  await batches.begin("a-batch", null, lines.end());
  const { batch, pending } = progress();
  const chunk = await batches.chunk(pending[0] ?? 0);
  if (!chunk) throw new Error("no chunk");
  await batches.settle(batch, chunk, { chunks: [], settled: acceptedLines(chunk, ["x", "y"], 2) });
});

function progress() {
  const progress = batches.progress();
  if (!progress) throw new Error("no batch");
  return progress;
}

describe("FateWatch", () => {
  let watch: FateWatch;
  const look = (settled_total: number, changes = {}) =>
    watch.look(progress(), pipeline({ settled_total, ...changes }), new AbortController().signal);

  beforeEach(() => {
    watch = new FateWatch(batches);
  });

  it("asks no more once all are stored", async () => {
    await look(2);
    await look(3, { failed: 1, set_back: SET_BACK });
    await new FateWatch(batches).look(progress(), pipeline(), new AbortController().signal);
    expect(asked).toBe(1);
    expect(progress().stored).toBe(2);
  });

  it("forgets nothing that it knows while the database is unavailable", async () => {
    status = { ...ALL, stored: 1, queued: 1 };
    await look(2);
    status = { ...ALL, stored: 0, queued: 1, unavailable: 1 };
    await look(2);
    expect(asked).toBe(2);
    expect(progress().stored).toBe(1);
  });

  it.each([
    { ...ALL, stored: 7 },
    { ...ALL, stored: 1 },
    { ...ALL, stored: 3, queued: -1 },
  ])("does not believe an answer that is about another number of strings: %j", async (other) => {
    status = other;
    await look(2);
    expect(asked).toBe(1);
    expect(progress().outcomes[0]?.fate).toBeUndefined();
  });

  it("asks for those that are only behind strings that are set aside", async () => {
    await look(0, { waiting: 2, set_aside: 1 });
    expect(asked).toBe(0);
    await look(0, { waiting: 2, set_aside: 2 });
    expect(progress().stored).toBe(2);
  });

  it("asks every ten seconds though the counts say that they wait, as they do after a rollback", async () => {
    const now = vi.spyOn(performance, "now");
    const from = performance.now();
    await look(0, { waiting: 1 });
    expect(asked).toBe(0);
    now.mockReturnValue(from + 11_000);
    await look(0, { waiting: 1 });
    expect(progress().stored).toBe(2);
  });

  it("asks for failed strings only when the number of failed ones has changed", async () => {
    status = { ...ALL, stored: 1, failed: [{ id: idOf("x"), reason: "No." }] };
    for (const settled of [2, 3, 4]) await look(settled, { failed: 1 });
    expect(asked).toBe(1);
    status = ALL;
    await look(5, { failed: 0 });
    expect(asked).toBe(2);
    expect(progress()).toMatchObject({ stored: 2, failed: 0 });
  });

  it("asks for failed strings ten seconds later if others were settled: as many may have failed meanwhile", async () => {
    const now = vi.spyOn(performance, "now");
    const from = performance.now();
    status = { ...ALL, stored: 1, failed: [{ id: idOf("x"), reason: "No." }] };
    await look(2, { failed: 1 });
    now.mockReturnValue(from + 11_000);
    await look(2, { failed: 1 });
    expect(asked).toBe(1);
    status = ALL;
    await look(4, { failed: 1 });
    expect(progress()).toMatchObject({ stored: 2, failed: 0 });
  });

  it("asks for strings that are gone when they may be back, and at the next visit", async () => {
    status = { ...ALL, stored: 1, not_found: [idOf("x")] };
    await look(2);
    await look(3);
    expect(asked).toBe(1);
    await look(3, { set_back: SET_BACK });
    await look(3, { set_back: SET_BACK, failed: 1 });
    expect(asked).toBe(3);
    watch = new FateWatch(batches);
    status = ALL;
    await look(3, { set_back: SET_BACK, failed: 1 });
    expect(progress()).toMatchObject({ stored: 2, gone: 0 });
  });

  it("asks again after the service or the storage failed, and hides no fault of its own", async () => {
    status = {};
    await look(2);
    const receipt = vi.spyOn(batches, "receipt");
    receipt.mockRejectedValueOnce(new DOMException("No answer.", "TimeoutError"));
    await look(2);
    receipt.mockRejectedValueOnce(new TypeError("A fault."));
    await expect(look(2)).rejects.toThrow("A fault.");
    status = ALL;
    await look(2);
    expect(progress().stored).toBe(2);
  });

  it("notes only what has changed", async () => {
    status = { ...ALL, stored: 1, queued: 1 };
    await look(2);
    let changes = 0;
    batches.subscribe(() => changes++);
    await look(3);
    expect([asked, changes]).toEqual([2, 0]);
  });
});
