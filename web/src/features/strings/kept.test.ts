import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Schema } from "../../api/schema";
import { problem } from "../../testing/fakeApi";
import { idOf } from "../../testing/ids";
import { server } from "../../testing/server";
import { idsUnder, idUnder, missingOf } from "./kept";

const IDS = ["a", "b"].map(idOf);
const NONE = { stored: 0, queued: 0, failed: [], not_found: IDS, unavailable: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
});

// tests/unit/test_ids.py has the same vectors
describe("an id as the service derives it", () => {
  it.each([
    ["text", "c4b6433d-fd65-87af-8f09-cc0e7adbe892"],
    ["값 \u{1F44B}", "72bef68e-c9b0-87af-85e5-0ba52a0f3df3"],
    ["two\nlines\r\n and a tab\t", "33f5320b-92fc-87af-8f07-1c1d549a5a37"],
  ])("is that of %j alone", (text, id) => {
    expect(idUnder("key", text)).toBe(id);
  });

  it("derives from all texts of a bulk, and has its index", () => {
    expect(idsUnder("key", ["값 \u{1F44B}", "a\nb", "c"])).toEqual([
      "406f9646-846c-87af-9f5f-496ec8520000",
      "406f9646-846c-87af-9f5f-496ec8520001",
      "406f9646-846c-87af-9f5f-496ec8520002",
    ]);
  });

  it("counts to the last of 10,000 in hexadecimal digits", () => {
    const ids = idsUnder(
      "key",
      Array.from({ length: 10_000 }, (_, index) => `text ${index}`),
    );
    expect(new Set(ids).size).toBe(10_000);
    expect(ids[0]).toBe("62b89988-0202-87af-94e8-9cdfd68e0000");
    expect(ids.at(-1)).toBe("62b89988-0202-87af-94e8-9cdfd68e270f");
  });
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
