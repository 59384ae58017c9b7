import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { LONGEST_ANSWER, SILENCE } from "../../api/exchange";
import { reachability } from "../../api/reachability";
import { problem } from "../../testing/fakeApi";
import { idOf } from "../../testing/ids";
import { server } from "../../testing/server";
import type { Job, Operation } from "./operation";
import { Operations } from "./operations";

const TOKEN = "secret";
const ids = Array.from({ length: 10 }, (_, index) => idOf(`${index}`));
const some = (kind: Job["kind"] = "retry"): Job => ({ kind, target: { ids }, why: "" });
const all: Job = { kind: "retry", target: { query: "" }, why: "" };

const line = (done: number, left: number, more: object = {}) =>
  `${JSON.stringify({ done, skipped: 0, left, complete: null, problem: null, ...more })}\n`;
const COMPLETE = { complete: true };

let operations: Operations;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  operations = new Operations();
});

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

/** Has the service answer requests for a group with these, one after the other; returns the requests' bodies. */
function answerGroups(...answers: (() => Response)[]): unknown[] {
  const asked: unknown[] = [];
  server.use(
    http.post("/dummies/failed/:kind", async ({ params, request }) => {
      asked.push([params.kind, await request.json()]);
      return (answers.shift() ?? HttpResponse.error)();
    }),
  );
  return asked;
}

const accepted = (id: string) =>
  HttpResponse.json(
    { id, status: "queued", status_url: "/", received_at: "", accepted_total: 1 },
    { status: 202 },
  );
const lines =
  (...text: string[]) =>
  () =>
    new HttpResponse(text.join(""));

/** Lets time pass until the operation has ended. */
async function ended(): Promise<Operation | null> {
  const passing = setInterval(() => vi.advanceTimersByTime(1_000), 5);
  await vi.waitFor(() => expect(operations.snapshot()?.phase).toBe("ended"), { timeout: 5_000 });
  clearInterval(passing);
  return operations.snapshot();
}

describe("an operation on single strings", () => {
  it("handles each once, and counts separately what others handled and what was refused", async () => {
    const answers: Record<string, () => Response> = {
      [idOf("1")]: () => problem(409, "not-failed", ""),
      [idOf("2")]: () => problem(404, "unknown-string", ""),
      [idOf("3")]: () => problem(400, "invalid-parameter", ""),
    };
    const asked = answerRetries((id) => (answers[id] ?? accepted)(id));
    operations.start(some(), TOKEN);
    expect(await ended()).toMatchObject({
      end: "complete",
      tally: { done: 7, skipped: 2, refused: 1, left: 0 },
    });
    expect(asked.sort()).toEqual(ids);
  });

  it("has at most four requests in flight", async () => {
    let underWay = 0;
    let most = 0;
    answerRetries(async (id) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      return accepted(id);
    });
    operations.start(some(), TOKEN);
    await ended();
    expect(most).toBe(4);
  });

  it("starts nothing more once it is stopped, and does the rest when it is continued", async () => {
    const asked = answerRetries((id) => {
      operations.stop();
      return accepted(id);
    });
    operations.start(some(), TOKEN);
    const stopped = await ended();
    expect(stopped).toMatchObject({ end: "stopped", tally: { done: asked.length, left: 10 - asked.length } });
    expect(asked.length).toBeLessThanOrEqual(4);
    answerRetries(accepted);
    if (stopped) operations.start(stopped.job, TOKEN, stopped.tally);
    expect(await ended()).toMatchObject({ end: "complete", tally: { done: 10, left: 0, total: 10 } });
  });

  it("ends when the token is refused, once it has counted what was in flight", async () => {
    const answers: (() => void)[] = [];
    const asked = answerRetries((id) =>
      id === idOf("0")
        ? problem(401, "operator-only", "")
        : new Promise((resolve) => answers.push(() => resolve(accepted(id)))),
    );
    operations.start(some(), TOKEN);
    await vi.waitFor(() => expect(answers.length).toBe(3));
    for (const answer of answers) answer();
    expect(await ended()).toMatchObject({ end: { code: "operator-only" }, tally: { done: 3, left: 7 } });
    expect(asked.length).toBe(4);
  });

  it("is known after a reload as far as it was, with what is left", async () => {
    answerRetries((id) => (id === idOf("0") ? accepted(id) : new Promise<Response>(() => undefined)));
    operations.start(some(), TOKEN);
    await vi.waitFor(() => expect(operations.snapshot()?.tally.done).toBe(1));
    expect(new Operations().snapshot()).toMatchObject({
      phase: "ended",
      end: "interrupted",
      job: { target: { ids: ids.slice(1) } },
      tally: { done: 1, left: 9, exact: false },
    });
  });
});

describe("a duplicate of the tab", () => {
  it("leaves the operation to the tab that is running it", async () => {
    answerRetries(() => new Promise<Response>(() => undefined));
    operations.start(some(), TOKEN);
    const duplicate = new Operations();
    await vi.waitFor(() => expect(duplicate.snapshot()).toBeNull());
  });
});

describe("an operation on a group", () => {
  it.each([
    [{ query: "" }, { reasons: "all" }],
    [{ query: "독" }, { reasons: "all", q: "독" }],
    [{ reason: "" }, { reasons: [""] }],
  ])("asks for %o, and says why it discards", async (target, body) => {
    const asked = answerGroups(lines(line(0, 5), line(4, 0, COMPLETE)), lines(line(0, 0, COMPLETE)));
    operations.start({ kind: "retry", target, why: "" }, TOKEN);
    expect(await ended()).toMatchObject({
      end: "complete",
      tally: { done: 4, left: 0, total: 5, exact: true },
    });
    operations.start({ kind: "discard", target, why: "a test" }, TOKEN);
    await ended();
    expect(asked).toEqual([
      ["retry", body],
      ["discard", { ...body, why: "a test" }],
    ]);
  });

  it.each([
    ["breaks off", lines(line(0, 9), line(3, 6))],
    ["breaks off within a line", lines(line(0, 9), line(3, 6), '{"done": 4')],
    ["makes no sense", lines(line(3, 6), "<html>\n")],
    ["turns out to be a proxy's", lines(line(3, 6), '{"error": "login"}\n')],
    ["has a line without end", lines(line(3, 6), "x".repeat(LONGEST_ANSWER))],
    ["is not complete", lines(line(3, 6, { complete: false, problem: { type: "x", detail: "" } }))],
  ])("is asked for again if the answer %s, and adds up", async (_, broken) => {
    const asked = answerGroups(broken, lines(line(0, 6), line(6, 0, COMPLETE)));
    operations.start(all, TOKEN);
    expect(await ended()).toMatchObject({ end: "complete", tally: { done: 9, left: 0, exact: false } });
    expect(asked.length).toBe(2);
  });

  it("leaves nothing to be looked at once it is complete, whatever others took meanwhile", async () => {
    answerGroups(lines(line(0, 9), line(3, 5, COMPLETE)));
    operations.start(all, TOKEN);
    expect(await ended()).toMatchObject({ end: "complete", tally: { done: 3, left: 0 } });
  });

  it("that is stopped was not completed by having looked at as many as there were", async () => {
    answerGroups(lines(line(9, 0)));
    operations.start(all, TOKEN);
    await vi.waitFor(() =>
      expect(operations.snapshot()).toMatchObject({ waitsFor: { code: "unexpected-answer" } }),
    );
    operations.stop();
    expect(await ended()).toMatchObject({ end: "stopped", tally: { done: 9, exact: false } });
  });

  it("is asked for again if no answer comes, and the page knows that there was none", async () => {
    const asked = answerGroups(
      () => new Promise<Response>(() => undefined) as never,
      lines(line(6, 0, COMPLETE)),
    );
    operations.start(all, TOKEN);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    vi.advanceTimersByTime(SILENCE);
    await vi.waitFor(() => expect(operations.snapshot()).toMatchObject({ waitsFor: { code: "timed-out" } }));
    expect(reachability.snapshot().outage).toBe("no-answer");
    expect(await ended()).toMatchObject({ end: "complete", tally: { done: 6 } });
    expect(reachability.snapshot().outage).toBeNull();
  });

  it("waits while the service is busy, which loses no count", async () => {
    const busy = () => problem(503, "busy", "", { "Retry-After": "10" });
    answerGroups(busy, lines(line(6, 0, COMPLETE)));
    operations.start(all, TOKEN);
    await vi.waitFor(() => expect(operations.snapshot()).toMatchObject({ waitsFor: { code: "busy" } }));
    expect(await ended()).toMatchObject({ end: "complete", tally: { done: 6, exact: true } });
  });

  it("ends when the request is refused", async () => {
    answerGroups(() => problem(401, "operator-only", ""));
    operations.start(all, TOKEN);
    expect(await ended()).toMatchObject({ end: { code: "operator-only" }, tally: { done: 0, exact: true } });
  });

  it("is one at a time, until it is dismissed", async () => {
    const asked = answerGroups(lines(line(1, 0, COMPLETE)));
    operations.start(all, TOKEN);
    operations.start(all, TOKEN);
    operations.dismiss();
    await ended();
    expect(asked.length).toBe(1);
    operations.dismiss();
    expect([operations.snapshot(), new Operations().snapshot()]).toEqual([null, null]);
  });

  it("asks before the page is left while it is running", async () => {
    const leave = () => window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
    answerGroups(lines(line(1, 0, COMPLETE)));
    operations.start(all, TOKEN);
    expect(leave()).toBe(false);
    await ended();
    expect(leave()).toBe(true);
  });
});
