import { beforeEach, describe, expect, it } from "vitest";
import { pass } from "../../testing/clock";
import { type FakeApi, pipeline, problem, stored } from "../../testing/fakeApi";
import { openPage } from "../../testing/openPage";
import { rows, show, startVisit, submit } from "../../testing/page";
import { FIRST, LONGEST } from "./pollSchedule";

let api: FakeApi;

beforeEach(() => {
  api = startVisit();
});

describe("the poll", () => {
  const gaps = (times: number[]) => times.slice(1).map((time, index) => time - (times[index] ?? 0));

  it("polls all queued strings in one request", async () => {
    openPage();
    await submit("a", "b", "c");
    await pass(1_000);
    expect(api.queries.at(-1)?.ids).toHaveLength(3);
  });

  it("polls more than a hundred in several requests, each string once per round", async () => {
    openPage();
    await submit(...Array.from({ length: 120 }, (_, index) => `${index}`));
    await pass(1_000);
    const [first, second] = api.queries.slice(-2).map(({ ids }) => ids);
    expect([first?.length, second?.length].sort()).toEqual([100, 20]);
    expect(new Set([...(first ?? []), ...(second ?? [])]).size).toBe(120);
  });

  it("backs off from 50 ms to 2 s while nothing changes", async () => {
    openPage();
    await submit("a");
    await pass(20_000);
    const waits = gaps(api.queries.map(({ at }) => at));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(FIRST);
    expect(waits[0]).toBeLessThan(FIRST * 1.25 + 50);
    expect(waits.length).toBeLessThan(20);
    expect(Math.max(...waits)).toBeLessThanOrEqual(LONGEST + 50);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(LONGEST / 1.25);
  });

  it("restarts at 250 ms when a new string is queued beside another", async () => {
    openPage();
    await submit("a");
    await pass(20_000);
    const asked = api.queries.length;
    await submit("b");
    await pass(400);
    expect(api.queries.length).toBeGreaterThan(asked);
    expect(api.queries.at(-1)?.ids).toHaveLength(2);
  });

  it("stops when every string has its final state", async () => {
    openPage();
    await submit("a");
    api.onQuery = stored;
    await pass(1_000);
    const asked = api.queries.length;
    await pass(20_000);
    expect(api.queries).toHaveLength(asked);
  });

  it("goes on while the journal takes no strings, and shows what was stored", async () => {
    openPage();
    await submit("a");
    api.onSubmit = () => problem(503, "journal-full", "Later.");
    api.pipeline = pipeline({ accepting: false });
    await submit("b");
    await pass(3_000);
    api.onQuery = stored;
    await pass(3_000);
    expect(rows()[1]).toContain("Stored");
  });

  it("leaves a string as it is whose state this page does not know, and follows the others", async () => {
    openPage();
    await submit("a", "b");
    const [odd] = api.queries.at(-1)?.ids ?? [];
    api.onQuery = (id) => (id === odd ? { status: "archived" as "stored" } : stored());
    await pass(3_000);
    expect(rows().filter((row) => row?.includes("Stored"))).toHaveLength(1);
    expect(rows().filter((row) => row?.includes("Queued"))).toHaveLength(1);
    api.onQuery = stored;
    await pass(3_000);
    expect(rows().filter((row) => row?.includes("Stored"))).toHaveLength(2);
  });

  it.each([
    [
      "unavailable",
      () => {
        api.onQuery = () => "unavailable";
      },
    ],
    [
      "in an answer that never comes",
      () => {
        api.onQuery = () => ({ status: 5 as never });
      },
    ],
  ])("does not call a string on its way whose state cannot be read: %s", async (_, fail) => {
    openPage();
    await submit("a");
    expect(rows()[0]).toContain("on its way");
    fail();
    await pass(3_000);
    expect(rows()[0]).toContain("Accepted");
    expect(rows()[0]).not.toContain("Queued");
    expect(rows()[0]).toContain("Whether it is stored cannot be read at present.");
    api.onQuery = () => ({});
    await pass(3_000);
    expect(rows()[0]).toContain("on its way");
    api.onQuery = stored;
    await pass(3_000);
    expect(rows()[0]).toContain("Stored");
  });

  it("asks for what has failed once more whenever the service's counts have changed", async () => {
    openPage();
    await submit("a");
    api.onQuery = () => ({ status: "failed", reason: "no" });
    await pass(30_000);
    const asked = api.queries.length;
    await pass(30_000);
    expect(api.queries).toHaveLength(asked);
    api.pipeline = pipeline({ settled_total: 1 });
    await pass(30_000);
    expect(api.queries).toHaveLength(asked + 1);
    api.onQuery = () => ({ status: "failed", reason: "another" });
    api.pipeline = pipeline({ settled_total: 2 });
    await pass(15_000);
    expect(rows()[0]).toContain("another");
    api.onQuery = () => ({});
    api.pipeline = pipeline({ settled_total: 3 });
    await pass(15_000);
    expect(rows()[0]).toContain("Queued");
    api.onQuery = stored;
    await pass(3_000);
    expect(rows()[0]).toContain("Stored");
  });

  it("stops while the tab is hidden and resumes immediately when it is visible", async () => {
    openPage();
    await submit("a");
    await pass(1_000);
    show("hidden");
    await pass(100);
    const asked = api.queries.length;
    const looked = api.pipelineReads.length;
    await pass(60_000);
    expect(api.queries).toHaveLength(asked);
    // the title says how many strings failed, also of a tab in the background
    expect(api.pipelineReads.length - looked).toBeLessThanOrEqual(1);
    show("visible");
    await pass(0);
    expect(api.queries).toHaveLength(asked + 1);
  });

  it("sends in a hidden tab all the same", async () => {
    api.onSubmit = () => problem(503, "journal-away", "Later.");
    openPage();
    await submit("a");
    show("hidden");
    api.onSubmit = () => undefined;
    await pass(2_000);
    expect(api.submissions).toHaveLength(2);
  });
});
