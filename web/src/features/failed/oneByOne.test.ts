import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { problem } from "../../testing/fakeApi";
import { idOf } from "../../testing/ids";
import { server } from "../../testing/server";
import { OneByOne } from "./oneByOne";
import { type Kind, NOTHING_DONE, type Tally } from "./operation";

const accepted = (id: string) => {
  const rest = { status: "queued", status_url: "/", received_at: "", accepted_total: 1 };
  return HttpResponse.json({ id, ...rest }, { status: 202 });
};
const done = {
  retry: () => accepted(idOf("a")),
  discard: () => new HttpResponse(null, { status: 204 }),
};
const handled = {
  retry: () => problem(409, "not-failed", ""),
  discard: () => problem(404, "unknown-string", ""),
};
const login = () => HttpResponse.json({ error: "login" });

let abort: AbortController;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  abort = new AbortController();
});

/** Answers the requests for a string one after the other, then as if it was done; returns the tally at the end. */
async function run(kind: Kind, answers: (() => Response)[], before = NOTHING_DONE): Promise<Tally> {
  const answer = () => (answers.shift() ?? done[kind])();
  const id = idOf("a");
  server.use(http.post(`/dummies/${id}/retry`, answer), http.delete(`/dummies/${id}`, answer));
  let tally = before;
  const onTally = (next: Tally) => {
    tally = next;
  };
  const reports = { signal: abort.signal, onTally, onJob: () => undefined, onWaiting: () => undefined };
  const passing = setInterval(() => vi.advanceTimersByTime(1_000), 5);
  const operation = new OneByOne({ kind, why: "a test", ids: [id] }, before, "secret", reports);
  await operation.run().finally(() => clearInterval(passing));
  return tally;
}

describe.each(["retry", "discard"] as const)("a %s of a single string", (kind) => {
  it("that was handled before the first request is skipped", async () => {
    expect(await run(kind, [handled[kind]])).toMatchObject({ done: 0, skipped: 1, unclear: 0, exact: true });
  });

  it.each([
    ["the connection breaks", HttpResponse.error],
    ["a proxy gives up", () => new HttpResponse("", { status: 504 })],
    ["the journal did not answer", () => problem(503, "journal-away", "")],
    ["a proxy answers", login],
    ["a proxy refuses", () => new HttpResponse("<html>", { status: 403 })],
  ])("may have been done before %s", async (_, lost) => {
    expect(await run(kind, [lost, handled[kind]])).toMatchObject({
      done: 0,
      skipped: 0,
      unclear: 1,
      left: 0,
      exact: true,
    });
  });

  it.each([
    [503, "busy"],
    [421, "unknown-host"],
    [403, "foreign-origin"],
  ])("was not done if the service answers %d %s", async (status, code) => {
    const refused = () => problem(status, code, "");
    expect(await run(kind, [refused, handled[kind]])).toMatchObject({ skipped: 1, unclear: 0, exact: true });
  });

  it("may have been done before the operation was interrupted", async () => {
    const lost = () => {
      abort.abort();
      return HttpResponse.error();
    };
    const stopped = await run(kind, [lost]);
    expect(stopped).toMatchObject({ done: 0, left: 1, exact: false });
    abort = new AbortController();
    expect(await run(kind, [handled[kind]], stopped)).toMatchObject({ skipped: 0, unclear: 1, exact: true });
  });

  it("is not done by a proxy's answer", async () => {
    const answers = [login, login];
    expect(await run(kind, answers)).toMatchObject({ done: 1, skipped: 0, refused: 0 });
    expect(answers).toEqual([]);
  });
});

it("is not retried when another string is", async () => {
  const answers = [() => accepted("b"), handled.retry];
  expect(await run("retry", answers)).toMatchObject({ done: 0, unclear: 1 });
});
