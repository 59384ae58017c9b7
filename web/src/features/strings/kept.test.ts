import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Schema } from "../../api/schema";
import { problem } from "../../testing/fakeApi";
import { idOf } from "../../testing/ids";
import { server } from "../../testing/server";
import { idUnder, missingOf } from "./kept";

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
    const asked = missingOf(IDS);
    vi.advanceTimersByTime(10_000);
    return asked;
  };

  it.each([
    ["no id is known", {}, IDS],
    ["one is queued", { queued: 1, not_found: IDS.slice(1) }, IDS.slice(1)],
    ["all are known", { stored: 1, queued: 1, not_found: [] }, []],
    ["no one knows of one", { stored: 1, not_found: [], unavailable: 1 }, null],
  ])("is missing or not when %s", async (_, answer, missing) => {
    expect(await ask(answer)).toEqual(missing);
  });

  it("is not waited for where the reader needs a token", async () => {
    await expect(ask(problem(401, "reader-only", ""))).rejects.toMatchObject({
      trouble: { code: "reader-only" },
    });
  });

  it("is asked for in parts, once the first copy of the request must have ended", async () => {
    const asked: number[] = [];
    server.use(
      http.post("/dummies/status", async ({ request }) => {
        const { ids } = (await request.json()) as { ids: string[] };
        asked.push(ids.length);
        return HttpResponse.json({ ...NONE, not_found: ids });
      }),
    );
    const ids = Array.from({ length: 450 }, (_, index) => idOf(`${index}`));
    const answer = missingOf(ids);
    vi.advanceTimersByTime(9_999);
    await Promise.resolve();
    expect(asked).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await answer).toEqual(ids);
    expect(asked).toEqual([200, 200, 50]);
  });
});
