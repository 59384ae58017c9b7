import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { problem } from "../../testing/fakeApi";
import { server } from "../../testing/server";
import { retryFailed } from "./api/failed";
import { collectIds, type Tally, workThrough } from "./operation";

const TOKEN = "secret";
const signal = () => new AbortController().signal;
const ids = Array.from({ length: 10 }, (_, index) => `id-${index}`);
const retry = (id: string) => retryFailed(TOKEN, id);
const ignore = () => undefined;

/** Has the service answer a retry of each string like this, and returns the ids in the order of the requests. */
function answerRetries(answer: (id: string) => Response | Promise<Response>): string[] {
  const asked: string[] = [];
  server.use(
    http.post("/dummies/:id/retry", ({ params, request }) => {
      if (request.headers.get("Authorization") !== `Bearer ${TOKEN}`)
        return problem(401, "operator-only", "");
      asked.push(`${params.id}`);
      return answer(`${params.id}`);
    }),
  );
  return asked;
}

const accepted = () => HttpResponse.json({}, { status: 202 });

describe("collectIds", () => {
  it("follows the cursor to the end, and returns each string once", async () => {
    const pages: Record<string, object> = {
      null: { items: [{ id: "a" }, { id: "b" }], next_cursor: "7", total: 3 },
      "7": { items: [], next_cursor: "9", total: 3 },
      "9": { items: [{ id: "b" }, { id: "c" }], next_cursor: null, total: 3 },
    };
    const queries = new Set<string | null>();
    server.use(
      http.get("/dummies/failed", ({ request }) => {
        const asked = new URL(request.url).searchParams;
        queries.add(asked.get("q"));
        return HttpResponse.json(pages[`${asked.get("cursor")}`]);
      }),
    );
    const found: number[] = [];
    expect(await collectIds(TOKEN, "독", signal(), (count) => found.push(count))).toEqual(["a", "b", "c"]);
    expect(found).toEqual([2, 2, 3]);
    expect([...queries]).toEqual(["독"]);
  });
});

describe("workThrough", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });

  it("handles each once, and counts separately what others handled and what was refused", async () => {
    const answers: Record<string, () => Response> = {
      "id-1": () => problem(409, "not-failed", ""),
      "id-2": () => problem(404, "unknown-string", ""),
      "id-3": () => problem(400, "invalid-parameter", ""),
    };
    const asked = answerRetries((id) => (answers[id] ?? accepted)());
    const tally = await workThrough(ids, retry, { signal: signal(), onProgress: ignore });
    expect(tally).toEqual({ done: 7, byOthers: 2, refused: 1 });
    expect(asked.sort()).toEqual(ids);
  });

  it("has at most four requests in flight", async () => {
    let underWay = 0;
    let most = 0;
    answerRetries(async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      return accepted();
    });
    await workThrough(ids, retry, { signal: signal(), onProgress: ignore });
    expect(most).toBe(4);
  });

  it("retries through an outage", async () => {
    let away = 3;
    const asked = answerRetries(() => (away-- > 0 ? problem(503, "journal-away", "") : accepted()));
    const work = workThrough(["a"], retry, { signal: signal(), onProgress: ignore });
    const waiting = setInterval(() => vi.advanceTimersByTime(1_000), 5);
    expect(await work).toEqual({ done: 1, byOthers: 0, refused: 0 });
    clearInterval(waiting);
    expect(asked).toEqual(["a", "a", "a", "a"]);
  });

  it("starts nothing more once it is stopped", async () => {
    const abort = new AbortController();
    const asked = answerRetries(() => {
      abort.abort();
      return accepted();
    });
    const tally: Tally = await workThrough(ids, retry, { signal: abort.signal, onProgress: ignore });
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(tally.done).toBe(asked.length);
  });

  it("gives up when the token is refused", async () => {
    const asked = answerRetries(() => problem(401, "operator-only", ""));
    await expect(workThrough(ids, retry, { signal: signal(), onProgress: ignore })).rejects.toMatchObject({
      trouble: { code: "operator-only" },
    });
    expect(asked.length).toBeLessThanOrEqual(4);
  });
});
