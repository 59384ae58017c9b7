import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Schema } from "../../api/schema";
import { problem } from "../../testing/fakeApi";
import { idOf } from "../../testing/ids";
import { server } from "../../testing/server";
import { areKept, idUnder } from "./kept";

const IDS = ["a", "b"].map(idOf);
const NONE = { stored: 0, queued: 0, failed: [], not_found: IDS, unavailable: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
});

it("computes ids as the service does", () => {
  expect(idUnder("key", "text")).toBe("c4b6433d-fd65-56bb-9f09-cc0e7adbe892");
  expect(idUnder("key", "값 \u{1F44B}", 1)).toBe("03e67f35-6668-59ab-a6b7-39d2f0ade5fe");
});

describe("what was refused for its size", () => {
  const ask = (answer: Partial<Schema<"StatusSummary">> | Response) => {
    const response = answer instanceof Response ? answer : HttpResponse.json({ ...NONE, ...answer });
    server.use(http.post("/dummies/status", () => response));
    const asked = areKept(IDS);
    vi.advanceTimersByTime(10_000);
    return asked;
  };

  it.each([
    ["no id is known", {}, false],
    ["one is queued", { queued: 1, not_found: IDS.slice(1) }, true],
    ["one is stored and no one knows of the other", { stored: 1, not_found: [], unavailable: 1 }, true],
  ])("is kept or not when %s", async (_, answer, kept) => {
    expect(await ask(answer)).toBe(kept);
  });

  it.each([
    ["the database is unavailable", { not_found: [], unavailable: 2 }, "database-away"],
    ["the question is refused", problem(400, "invalid-parameter", ""), "invalid-parameter"],
  ])("may be kept when %s", async (_, answer, code) => {
    await expect(ask(answer)).rejects.toMatchObject({ transient: true, trouble: { code } });
  });

  it("is asked for only once the first copy of the request must have ended", async () => {
    let asked = false;
    server.use(
      http.post("/dummies/status", () => {
        asked = true;
        return HttpResponse.json(NONE);
      }),
    );
    const answer = areKept(IDS);
    vi.advanceTimersByTime(9_999);
    await Promise.resolve();
    expect(asked).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await answer).toBe(false);
  });
});
