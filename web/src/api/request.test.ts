import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { pass, stopClock } from "../testing/clock";
import { problem } from "../testing/fakeApi";
import { server } from "../testing/server";
import { ApiError } from "./apiError";
import { requestJson } from "./request";

async function errorOf(response: () => Response | Promise<Response>): Promise<ApiError> {
  server.use(http.get("/x", response));
  const error = await requestJson("/x").catch((caught: unknown) => caught);
  if (!(error instanceof ApiError)) throw new Error("no ApiError");
  return error;
}

describe("requestJson", () => {
  it("gives up after five seconds", async () => {
    stopClock();
    server.use(http.get("/x", () => new Promise<Response>(() => {})));
    let outcome: unknown;
    void requestJson("/x").catch((error: unknown) => {
      outcome = error;
    });
    await pass(4_950);
    expect(outcome).toBeUndefined();
    await pass(100);
    expect(outcome).toMatchObject({ transient: true, trouble: { code: "timed-out" } });
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
