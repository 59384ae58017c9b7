import { describe, expect, it } from "vitest";
import { en } from "../../i18n/en";
import { ko } from "../../i18n/ko";
import { pipeline } from "../../testing/fakeApi";
import { judge } from "./verdict";

const away = { status: "away", since: null } as const;
const setBack = { at: "2026-01-02T03:04:05Z", before: 9, after: 4 };
const paused = { since: "2026-01-02T03:04:05Z", reason: "VACUUM FULL" };
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
    ["an operator has paused storing", pipeline({ paused, database: away, workers: away }), "paused", "wait"],
    ["a journal that is paused is full", pipeline({ paused, accepting: false }), "journalFull", "stop"],
    ["the journal is full", pipeline({ accepting: false }), "journalFull", "stop"],
    [
      "the journal is unavailable",
      pipeline({ accepting: false, journal: away }),
      "journalUnavailable",
      "stop",
    ],
    ["a part of the journal is full", pipeline({ shards_refusing: [1] }), "journalPartlyUnavailable", "wait"],
    ["a part of the journal is unavailable", pipeline({ journal: away }), "journalPartlyUnavailable", "wait"],
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
    ["nothing is known yet", null, "asking", "neutral"],
    ["strings failed", pipeline({ failed: 151, set_aside: 1 }), "someFailed", "wait"],
    ["strings are set aside", pipeline({ set_aside: 1 }), "setAside", "wait"],
    ["strings are unaccounted for", pipeline({ unaccounted: 1, database: away }), "unaccounted", "stop"],
    ["more strings are counted than were accepted", pipeline({ unaccounted: -1 }), "unaccounted", "stop"],
  ])("%s", (_, answer, name, tone) => {
    expect(judge(answer, null)).toMatchObject({ name, tone });
  });

  it.each([
    ["no-answer", "noAnswer"],
    ["journal-away", "journalUnavailable"],
    ["journal-full", "journalFull"],
    ["journal-volatile", "journalVolatile"],
    ["unknown-host", "unknownHost"],
    ["foreign-origin", "foreignOrigin"],
  ] as const)("prefers what a request met (%s) to an earlier response", (outage, name) => {
    expect(judge(pipeline(), outage)).toMatchObject({ name, tone: "stop" });
  });

  it("says that this device is offline only if nothing answers", () => {
    const offline = { online: false, failed: false, delayed: false };
    expect(judge(pipeline(), null, offline).name).toBe("through");
    expect(judge(pipeline(), "no-answer", offline).name).toBe("offline");
  });

  it("knows that stored strings cannot be read, whatever it says first", () => {
    expect(judge(pipeline({ paused, database: away }), null).unreadable).toBe(true);
    expect(judge(pipeline({ set_back: setBack, database: away }), null).unreadable).toBe(true);
    expect(judge(pipeline(), "no-answer").unreadable).toBe(true);
    expect(judge(pipeline({ paused }), null).unreadable).toBe(false);
  });

  it.each([151, 0])(
    "names this browser's failures first, also before the service counts them: %d",
    (failed) => {
      expect(judge(pipeline({ failed }), null, { online: true, failed: true, delayed: false }).name).toBe(
        "yoursFailed",
      );
    },
  );

  it("calls nothing good while strings of this browser are not accepted, unless more is wrong", () => {
    const here = { online: true, failed: true, delayed: true };
    expect(judge(pipeline({ failed: 1, set_aside: 1 }), null, here)).toMatchObject({
      name: "yoursDelayed",
      tone: "wait",
    });
    expect(judge(pipeline({ database: away }), null, here).name).toBe("databaseUnavailable");
    expect(judge(pipeline(), "no-answer", here).name).toBe("noAnswer");
  });

  it("has a distinct sentence for every verdict, in both languages", () => {
    for (const { pipeline: words } of [en, ko]) {
      const sentences = Object.values(words).filter((value) => typeof value === "string");
      expect(new Set(sentences).size).toBe(sentences.length);
    }
  });
});
