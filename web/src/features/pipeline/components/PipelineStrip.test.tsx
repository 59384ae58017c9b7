import { fireEvent, screen, within } from "@testing-library/react";
import { HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { pass } from "../../../testing/clock";
import { type FakeApi, pipeline, problem } from "../../../testing/fakeApi";
import { openPage } from "../../../testing/openPage";
import { rows, show, startVisit, submit } from "../../../testing/page";

let api: FakeApi;

beforeEach(() => {
  api = startVisit();
});

describe("the line about the pipeline", () => {
  it("says that strings are getting through, and polls rarely while nothing is in flight", async () => {
    openPage();
    await pass(0);
    expect(screen.getByRole("status").textContent).toBe("Strings are getting through.");
    await pass(30_000);
    expect(api.pipelineReads.length).toBeLessThanOrEqual(8);
  });

  it("polls every two seconds while strings are in flight", async () => {
    openPage();
    await submit("a");
    const looked = api.pipelineReads.length;
    await pass(20_000);
    expect(api.pipelineReads.length - looked).toBeGreaterThanOrEqual(8);
    expect(api.pipelineReads.length - looked).toBeLessThanOrEqual(13);
  });

  it("says that the database is unavailable and how many strings wait", async () => {
    api.pipeline = pipeline({ waiting: 1_000, database: { status: "away", since: null } });
    openPage();
    await pass(0);
    const status = screen.getByRole("status");
    expect(status.textContent).toBe("The database is unreachable; strings are accepted and wait safely.");
    expect(within(status.parentElement as HTMLElement).getByText("1,000 waiting")).toBeTruthy();
  });

  it("says that an operator has paused storing, since when and why", async () => {
    const paused = { since: "2026-01-02T03:04:05Z", reason: "an upgrade of PostgreSQL" };
    api.pipeline = pipeline({ waiting: 1_000, paused, database: { status: "away", since: null } });
    openPage();
    await pass(0);
    const status = screen.getByRole("status");
    expect(status.textContent).toBe("An operator has paused storing; strings are accepted and wait safely.");
    expect(screen.getByText(/^since .+: an upgrade of PostgreSQL$/)).toBeTruthy();
    expect(screen.getByText("1,000 waiting")).toBeTruthy();
    api.pipeline = pipeline();
    await pass(12_500);
    expect(status.textContent).toBe("Strings are getting through.");
  });

  it.each([
    ["the service has just started", pipeline({ database: { status: "unknown", since: null } })],
    ["no worker answers", pipeline({ workers: { status: "away", since: null } })],
  ])("polls again within three seconds when %s", async (_, answer) => {
    api.pipeline = answer;
    openPage();
    await pass(0);
    expect(screen.getByRole("status").textContent).not.toBe("Strings are getting through.");
    api.pipeline = pipeline();
    await pass(3_000);
    expect(screen.getByRole("status").textContent).toBe("Strings are getting through.");
  });

  it("never goes back to an older state when a request and the pipeline say that something is down", async () => {
    openPage();
    await pass(0);
    const status = screen.getByRole("status");
    const said: (string | null)[] = [];
    const observer = new MutationObserver(() => said.push(status.textContent));
    observer.observe(status, { subtree: true, childList: true, characterData: true });
    api.onSubmit = () => problem(503, "journal-away", "Later.");
    api.pipeline = pipeline({ accepting: false, journal: { status: "away", since: null } });
    await submit("a");
    await pass(5_000);
    observer.disconnect();
    expect(said.length).toBeGreaterThan(0);
    expect(said).not.toContain("Strings are getting through.");
  });

  it("says in a hidden tab's title how many strings failed", async () => {
    openPage();
    await pass(0);
    show("hidden");
    api.pipeline = pipeline({ failed: 3 });
    await pass(80_000);
    expect(document.title).toMatch(/^\(3 failed\) /);
    show("visible");
  });

  it("says that the service does not answer, and when it is back", async () => {
    api.pipeline = () => new Response(null, { status: 502 });
    openPage();
    await pass(0);
    expect(screen.getByRole("status").textContent).toMatch(/^The service does not answer/);
    api.pipeline = pipeline();
    await pass(12_500);
    expect(screen.getByRole("status").textContent).toMatch(/getting through/);
  });
});

describe("the strip and the rows", () => {
  const strip = () => screen.getByRole("status").textContent;
  const NO_ANSWER = /^The service does not answer/;

  /** Until `restore`, no request gets an answer. */
  function cutOff() {
    api.onSubmit = () => HttpResponse.error();
    api.pipeline = () => HttpResponse.error();
    return function restore() {
      api.onSubmit = () => undefined;
      api.pipeline = pipeline();
    };
  }

  it("say immediately that the service does not answer a string, whenever the pipeline was polled", async () => {
    openPage();
    await pass(0);
    cutOff();
    await submit("a");
    expect(strip()).toMatch(NO_ANSWER);
    expect(rows()[0]).toMatch(/Will retry: the service does not answer/);
  });

  it("agree at every moment, and strings wait for no back-off of their own", async () => {
    openPage();
    await pass(0);
    const restore = cutOff();
    await submit("a", "b", "c", "d", "e");
    await pass(90_000);
    restore();
    let agreed = 0;
    while (rows().some((row) => !row?.includes("Queued"))) {
      await pass(25);
      expect(rows().some((row) => row?.includes("does not answer"))).toBe(NO_ANSWER.test(strip() ?? ""));
      agreed += 25;
    }
    expect(agreed).toBeLessThanOrEqual(2_200);
    expect(strip()).toBe("Strings are getting through.");
  });

  it("are not misled by a proxy that refuses one string, which is sent again after longer and longer pauses", async () => {
    api.onSubmit = () => HttpResponse.html("<h1>Blocked</h1>", { status: 403 });
    openPage();
    await submit("a");
    for (let second = 0; second < 30; second++) {
      await pass(1_000);
      expect(strip()).toBe("Some of your strings have not been accepted yet; they will be sent again.");
    }
    expect(rows()[0]).toContain("Will retry: the service gave an unexpected response.");
    expect(api.submissions.length).toBeLessThan(9);
    api.pipeline = () => HttpResponse.html("<h1>Log in</h1>");
    await pass(12_000);
    expect(strip()).toContain("The service does not answer;");
  });

  it("only poll the pipeline while nothing answers", async () => {
    openPage();
    await submit("queued");
    cutOff();
    await submit("a");
    const [queries, polls] = [api.queries.length, api.pipelineReads.length];
    await pass(30_000);
    expect(api.queries).toHaveLength(queries);
    expect(api.pipelineReads.length - polls).toBeGreaterThanOrEqual(13);
    expect(api.pipelineReads.length - polls).toBeLessThanOrEqual(32);
  });

  it("try again when asked to, or when the network is back, and keep the focus", async () => {
    openPage();
    await pass(0);
    const restore = cutOff();
    await submit("a");
    const tryNow = screen.getByRole("button", { name: "Try now" });
    tryNow.focus();
    const sent = api.submissions.length;
    fireEvent.click(tryNow);
    await pass(0);
    expect(api.submissions).toHaveLength(sent + 1);
    restore();
    fireEvent(window, new Event("online"));
    await pass(0);
    expect(rows()[0]).toMatch(/Queued/);
    expect(screen.queryByRole("button", { name: "Try now" })).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Details" }));
  });

  it("name the browser's missing network only if nothing answers", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    openPage();
    await pass(0);
    expect(strip()).toBe("Strings are getting through.");
    cutOff();
    await submit("a");
    expect(strip()).toBe("This device is offline; strings typed here wait in this browser.");
  });

  it("count what failed, also in the navigation and in the title", async () => {
    api.onQuery = () => ({ status: "failed", reason: "violates a check" });
    openPage();
    await pass(0);
    expect(document.title).toBe("Send a string · ix-dummies");
    await submit("a");
    await pass(500);
    expect(rows()[0]).toContain("Failed");
    expect(strip()).toBe("Some of your strings failed and need an operator.");
    api.pipeline = pipeline({ failed: 1_151 });
    await pass(2_500);
    expect(
      screen.getAllByRole("link", { name: /1,151 failed/ }).map((link) => link.getAttribute("href")),
    ).toEqual(["#/failed", "#/failed"]);
    expect(document.title).toBe("(1,151 failed) Send a string · ix-dummies");
    api.pipeline = () => new Response(null, { status: 502 });
    await pass(20_000);
    expect(document.title).toBe("Send a string · ix-dummies");
    expect(screen.queryAllByText(/1,151/)).toEqual([]);
  });

  it.each([
    ["has an error", () => problem(500, "internal-error", "Retry.")],
    ["is busy", () => problem(503, "busy", "Retry.")],
    ["sits behind a proxy that refuses", () => new Response("<html>", { status: 403 })],
  ])("call nothing good while a string is not accepted because the service %s", async (_, answer) => {
    api.onSubmit = answer;
    openPage();
    await submit("a");
    await pass(3_000);
    expect(screen.getByText("Will retry:")).toBeTruthy();
    expect(strip()).toBe("Some of your strings have not been accepted yet; they will be sent again.");
    api.onSubmit = () => undefined;
    await pass(60_000);
    expect(strip()).toBe("Strings are getting through.");
  });

  it.each([
    ["when it is not known how long they take", { drain_seconds: null, oldest_seconds: 2 }, true],
    ["when they take a second", { drain_seconds: 1, oldest_seconds: 0.5 }, true],
    ["but not a few that are stored immediately", { drain_seconds: null, oldest_seconds: 0.5 }, false],
  ])("count what waits, %s", async (_, figures, shown) => {
    api.pipeline = pipeline({ waiting: 5_000, ...figures });
    openPage();
    await pass(0);
    expect(screen.queryAllByText(/5,000 waiting/)).toHaveLength(shown ? 1 : 0);
  });
});

describe("the details of the pipeline", () => {
  const up = { status: "up", since: "2026-01-02T03:04:05Z" } as const;
  const details = () => screen.getByRole("button", { name: "Details" });

  it("show the figures, the last five minutes and every part, and stay open at the next visit", async () => {
    api.pipeline = pipeline({
      waiting: 1_200,
      oldest_seconds: 75,
      stored_per_second: 400.4,
      drain_seconds: 3,
      database: { status: "away", since: "2026-01-02T03:04:05Z" },
      workers: up,
      stored_recently: [0, 10, 2_000],
      worker_count: 2,
    });
    const visit = openPage();
    await pass(0);
    expect(details().getAttribute("aria-expanded")).toBe("false");
    fireEvent.click(details());
    const shown = [...visit.container.querySelectorAll("dt")].map((term) => [
      term.textContent,
      term.nextElementSibling?.textContent,
    ]);
    expect(shown.slice(0, 5)).toEqual([
      ["Waiting", "1,200"],
      ["Longest wait", "1 min 15 s"],
      ["Stored per second", "400"],
      ["Time left", "3 s"],
      ["Failed", "0"],
    ]);
    expect(shown[6]?.[0]).toBe("Workers (2)");
    expect(shown[6]?.[1]).toBe("Up");
    expect(shown[7]?.[1]).toMatch(/^Unreachable since /);
    expect(screen.getByRole("img").getAttribute("aria-label")).toBe(
      "Stored in the last 5 minutes: 2,010, at most 400 a second.",
    );
    visit.unmount();
    openPage();
    await pass(0);
    expect(details().getAttribute("aria-expanded")).toBe("true");
  });

  it.each([
    ["does not answer", () => new Response(null, { status: 502 })],
    ["goes by another name", () => problem(421, "unknown-host", "")],
  ])("show no old figures while the service %s", async (_, answer) => {
    openPage();
    fireEvent.click(details());
    await pass(0);
    api.pipeline = answer;
    await pass(12_000);
    expect(screen.getByText("There are no figures at the moment.")).toBeTruthy();
    expect(screen.queryByText("Stored per second")).toBeNull();
  });
});
