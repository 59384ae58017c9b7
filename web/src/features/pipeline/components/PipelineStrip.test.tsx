import { fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { pass } from "../../../testing/clock";
import { type FakeApi, pipeline } from "../../../testing/fakeApi";
import { openPage } from "../../../testing/openPage";
import { startVisit, submit } from "../../../testing/page";

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
    expect(api.pipelineReads.length).toBeLessThanOrEqual(4);
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
    expect(status.textContent).toBe("The database is unavailable; strings are accepted and wait safely.");
    expect(within(status.parentElement as HTMLElement).getByText("1,000 waiting")).toBeTruthy();
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
    expect(shown[6]?.[1]).toMatch(/^Up since /);
    expect(shown[7]?.[1]).toMatch(/^Unavailable since /);
    expect(screen.getByRole("img").getAttribute("aria-label")).toBe(
      "Stored in the last 5 minutes: 2,010, at most 400 a second.",
    );
    visit.unmount();
    openPage();
    await pass(0);
    expect(details().getAttribute("aria-expanded")).toBe("true");
  });

  it("show no old figures while the service does not answer", async () => {
    openPage();
    fireEvent.click(details());
    await pass(0);
    api.pipeline = () => new Response(null, { status: 502 });
    await pass(3_000);
    expect(screen.getByText("There are no figures while the service does not answer.")).toBeTruthy();
    expect(screen.queryByText("Stored per second")).toBeNull();
  });
});
