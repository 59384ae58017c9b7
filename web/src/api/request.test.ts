import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { problem } from "../testing/fakeApi";
import { server } from "../testing/server";
import { ApiError } from "./apiError";
import { reachability } from "./reachability";
import { requestJson } from "./request";

async function errorOf(response: () => Response | Promise<Response>): Promise<ApiError> {
  server.use(http.get("/x", response));
  const error = await requestJson("/x").catch((caught: unknown) => caught);
  if (!(error instanceof ApiError)) throw new Error("no ApiError");
  return error;
}

describe("requestJson", () => {
  it("ends when it is no longer wanted", async () => {
    server.use(http.get("/x", () => new Promise<Response>(() => {})));
    const abort = new AbortController();
    const outcome = requestJson("/x", { signal: abort.signal });
    abort.abort(new Error("not wanted"));
    await expect(outcome).rejects.toThrow("not wanted");
    await expect(requestJson("/x", { signal: abort.signal })).rejects.toThrow("not wanted");
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

  it("treats a proxy's error page as no response", async () => {
    const error = await errorOf(() => HttpResponse.html("<h1>Bad Gateway</h1>", { status: 502 }));
    expect(error).toMatchObject({ transient: true, trouble: { code: "unreachable" } });
  });

  it("does not accept a 2xx without JSON", async () => {
    const error = await errorOf(() => HttpResponse.html("<h1>Log in</h1>"));
    expect(error).toMatchObject({ transient: true, trouble: { code: "unexpected-answer" } });
  });
});
