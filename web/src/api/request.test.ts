import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { pipeline, problem } from "../testing/fakeApi";
import { idOf } from "../testing/ids";
import { server } from "../testing/server";
import { ApiError } from "./apiError";
import { namedDelay, reachability } from "./reachability";
import { requestJson, requestNothing } from "./request";

const ACCEPTED = { id: idOf("1"), status: "queued", status_url: "/", received_at: "", accepted_total: 1 };

async function errorOf(response: () => Response | Promise<Response>): Promise<ApiError> {
  server.use(http.get("/x", response));
  const error = await requestJson("Accepted", "/x").catch((caught: unknown) => caught);
  if (!(error instanceof ApiError)) throw new Error("no ApiError");
  return error;
}

describe("requestJson", () => {
  it("ends when it is no longer wanted", async () => {
    server.use(http.get("/x", () => new Promise<Response>(() => {})));
    const abort = new AbortController();
    const outcome = requestJson("Accepted", "/x", { signal: abort.signal });
    abort.abort(new Error("not wanted"));
    await expect(outcome).rejects.toThrow("not wanted");
    await expect(requestJson("Accepted", "/x", { signal: abort.signal })).rejects.toThrow("not wanted");
    expect(reachability.snapshot().outage).toBeNull();
  });

  it("treats a missing response as transient", async () => {
    expect(await errorOf(() => HttpResponse.error())).toMatchObject({
      transient: true,
      trouble: { code: "unreachable" },
    });
  });

  it.each([
    [503, true],
    [500, true],
    [429, true],
    [422, false],
    [413, false],
    [415, false],
  ])("knows whether status %d is final", async (status, transient) => {
    const error = await errorOf(() => problem(status, "some-problem", "Say.", { "Retry-After": "3" }));
    expect(error).toMatchObject({
      transient,
      retryAfter: 3_000,
      trouble: { code: "some-problem", detail: "Say." },
    });
  });

  it.each([
    [421, "unknown-host"],
    [403, "foreign-origin"],
  ])("takes %d %s for a refusal of the place, not of what was sent", async (status, code) => {
    expect(await errorOf(() => problem(status, code, "Say."))).toMatchObject({
      transient: true,
      trouble: { code },
    });
  });

  it("treats a proxy's error page as no response", async () => {
    const error = await errorOf(() => HttpResponse.html("<h1>Bad Gateway</h1>", { status: 502 }));
    expect(error).toMatchObject({ transient: true, trouble: { code: "unreachable" } });
  });

  it.each([401, 403, 404, 405, 451])(
    "takes a proxy's %d for no decision about the string",
    async (status) => {
      const error = await errorOf(() => HttpResponse.json({ error: "login required" }, { status }));
      expect(error).toMatchObject({ transient: true, trouble: { code: "unexpected-answer" } });
    },
  );

  it("waits as long as a proxy says that limits the rate, which is no outage", async () => {
    const init = { status: 429, headers: { "Retry-After": "7" } };
    const error = await errorOf(() => HttpResponse.html("<h1>Too Many Requests</h1>", init));
    expect(error).toMatchObject({ transient: true, trouble: { code: "rate-limited" } });
    expect(namedDelay(error)).toBe(7_000);
    expect(reachability.snapshot().outage).toBeNull();
  });

  it("takes a problem of another kind for a proxy's, which decides nothing about the string", async () => {
    const init = { status: 403, headers: { "Content-Type": "application/problem+json" } };
    const body = JSON.stringify({ type: "about:blank", title: "No", status: 403, detail: "blocked" });
    const error = await errorOf(() => new HttpResponse(body, init));
    expect(error).toMatchObject({
      transient: true,
      trouble: { code: "unexpected-answer", detail: "HTTP 403" },
    });
  });

  it("does not repeat what a proxy finds too large", async () => {
    const error = await errorOf(() => new HttpResponse("<h1>Too large</h1>", { status: 413 }));
    expect(error).toMatchObject({ transient: false, trouble: { code: "unexpected-answer" } });
  });

  it.each([
    ["a page", () => HttpResponse.html("<h1>Log in</h1>")],
    ["nothing", () => new HttpResponse("")],
    ["null", () => HttpResponse.json(null)],
    ["a list", () => HttpResponse.json([])],
    ["other JSON", () => HttpResponse.json({ error: "login required" })],
    ["a property of another type", () => HttpResponse.json({ ...ACCEPTED, id: 7 }, { status: 202 })],
    ["an empty id", () => HttpResponse.json({ ...ACCEPTED, id: "" }, { status: 202 })],
    ["an id that is no UUID", () => HttpResponse.json({ ...ACCEPTED, id: "a-string" }, { status: 202 })],
    ["another status than the service's", () => HttpResponse.json(ACCEPTED)],
  ])("does not believe a 2xx with %s", async (_, answer) => {
    expect(await errorOf(answer)).toMatchObject({ transient: true, trouble: { code: "unexpected-answer" } });
    expect(reachability.snapshot().outage).toBeNull();
  });

  it.each([{ items: [null] }, { items: [{ id: "x", status: "stored" }] }, { not_found: [7] }])(
    "does not believe a list with %j",
    async (changes) => {
      const states = { items: [], not_found: [], unavailable: [], ...changes };
      server.use(http.get("/x", () => HttpResponse.json(states), { once: true }));
      const outcome = requestJson("StringStates", "/x");
      await expect(outcome).rejects.toMatchObject({ trouble: { code: "unexpected-answer" } });
    },
  );

  it("leaves out what names no refused line, or no reason", async () => {
    const errors = [null, 7, { index: 0 }, { detail: "No." }, { index: 1, detail: "Too long." }];
    const body = {
      type: "urn:ix-dummies:problem:invalid-text",
      title: "",
      status: 422,
      detail: "No.",
      errors,
    };
    const headers = { "Content-Type": "application/problem+json" };
    const error = await errorOf(() => new HttpResponse(JSON.stringify(body), { status: 422, headers }));
    expect(error.refusedItems).toEqual([{ index: 1, detail: "Too long." }]);
  });
});

describe("requestNothing", () => {
  it("believes only the status of an answer without a body", async () => {
    server.use(http.delete("/x", () => new HttpResponse(null, { status: 204 }), { once: true }));
    await requestNothing("/x", { method: "DELETE" });
    expect(reachability.snapshot().outage).toBeNull();
    for (const status of [200, 202, 205]) {
      server.use(http.delete("/x", () => new HttpResponse(null, { status }), { once: true }));
      const outcome = requestNothing("/x", { method: "DELETE" });
      await expect(outcome).rejects.toMatchObject({ trouble: { code: "unexpected-answer" } });
    }
  });

  it("sends the token for reading, but not with what is open: an old one would count as a guess", async () => {
    sessionStorage.setItem("ix-dummies:read-token", "old");
    const sent: (string | null)[] = [];
    server.use(
      http.get("/pipeline", ({ request }) => {
        sent.push(request.headers.get("Authorization"));
        return HttpResponse.json(pipeline());
      }),
    );
    for (const isOpen of [false, true]) await requestJson("Pipeline", "/pipeline", { isOpen });
    expect(sent).toEqual(["Bearer old", null]);
    sessionStorage.clear();
  });
});
