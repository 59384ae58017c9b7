import { describe, expect, it } from "vitest";
import { ApiError, pageError } from "../../api/apiError";
import { en } from "../../i18n/en";
import { ko } from "../../i18n/ko";
import { pipeline } from "../../testing/fakeApi";
import { judge } from "./verdict";

const away = { status: "away", since: null } as const;
const setBack = { at: "2026-01-02T03:04:05Z", before: 9, after: 4 };
const unknown = { status: "unknown", since: null } as const;

describe("judge", () => {
  it.each([
    ["everything answers", pipeline(), "through", "good"],
    ["the database is unavailable", pipeline({ database: away }), "databaseUnavailable", "wait"],
    ["no worker answers", pipeline({ workers: away }), "workersUnavailable", "wait"],
    [
      "the database and the workers are unavailable",
      pipeline({ database: away, workers: away }),
      "databaseUnavailable",
      "wait",
    ],
    ["the journal is full", pipeline({ accepting: false }), "journalFull", "stop"],
    [
      "the journal is unavailable",
      pipeline({ accepting: false, journal: away }),
      "journalUnavailable",
      "stop",
    ],
    [
      "the journal would lose what it is given",
      pipeline({ accepting: false, volatile: "…" }),
      "journalVolatile",
      "stop",
    ],
    ["the journal may lose what it is given", pipeline({ volatile: "…" }), "through", "good"],
    ["the journal was set back", pipeline({ set_back: setBack, database: away }), "journalSetBack", "stop"],
    [
      "a journal that was set back is unavailable",
      pipeline({ set_back: setBack, accepting: false, journal: away }),
      "journalUnavailable",
      "stop",
    ],
    ["the service has just started", pipeline({ workers: unknown }), "unsure", "neutral"],
    ["nothing is known yet", undefined, "asking", "neutral"],
  ])("%s", (_, answer, name, tone) => {
    expect(judge(answer, null)).toMatchObject({ name, tone });
  });

  it("prefers an error to an earlier response", () => {
    expect(judge(pipeline(), pageError("timed-out")).name).toBe("noAnswer");
    const journalUnavailable = new ApiError({ code: "journal-away", detail: "" }, true);
    expect(judge(pipeline(), journalUnavailable).name).toBe("journalUnavailable");
  });

  it("has a distinct sentence for every verdict, in both languages", () => {
    for (const { pipeline: words } of [en, ko]) {
      const sentences = Object.values(words).filter((value) => typeof value === "string");
      expect(new Set(sentences).size).toBe(sentences.length);
    }
  });
});
