import { fireEvent, screen, within } from "@testing-library/react";
import axe from "axe-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { LONGEST, SHORTEST } from "../features/strings/pollSchedule";
import { pass, stopClock } from "../testing/clock";
import { FakeApi, pipeline, problem, stored } from "../testing/fakeApi";
import { openPage } from "../testing/openPage";

let api: FakeApi;
let visibility: DocumentVisibilityState;

beforeEach(() => {
  stopClock();
  api = new FakeApi();
  visibility = "visible";
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
});

const field = () => screen.getByRole<HTMLTextAreaElement>("textbox");
const rows = () =>
  within(screen.getByRole("main"))
    .queryAllByRole("listitem")
    .map((row) => row.textContent);

async function submit(...texts: string[]): Promise<void> {
  const typedInto = field();
  for (const text of texts) {
    fireEvent.change(typedInto, { target: { value: text } });
    fireEvent.keyDown(typedInto, { key: "Enter" });
  }
  await pass(0);
}

function show(state: DocumentVisibilityState): void {
  visibility = state;
  fireEvent(document, new Event("visibilitychange", { bubbles: true }));
}

describe("a string", () => {
  it("goes from queued to stored before the reader's eyes", async () => {
    openPage();
    await submit("hello");
    expect(rows()[0]).toMatch(/hello.*Queued/);
    api.onQuery = stored;
    await pass(400);
    expect(rows()[0]).toMatch(/hello.*Stored in 12 ms/);
  });

  it("stays, is sent again under its key, and says why it waits", async () => {
    api.onSubmit = () => problem(503, "journal-full", "Later.", { "Retry-After": "1" });
    openPage();
    await submit("hello");
    expect(rows()[0]).toMatch(/Waiting to be sent again: the journal is full\./);
    await pass(990);
    expect(api.submissions).toHaveLength(1);
    api.onSubmit = () => undefined;
    await pass(1_000);
    expect(rows()[0]).toMatch(/Queued/);
    expect(api.submissions).toHaveLength(2);
    expect(api.submissions[1]?.key).toBe(api.submissions[0]?.key);
  });

  it("is sent once more after a reload, not twice", async () => {
    api.onSubmit = () => problem(503, "api-away", "Later.");
    const visit = openPage();
    await submit("hello");
    visit.unmount();
    api.onSubmit = () => undefined;
    openPage();
    await pass(0);
    expect(rows()).toHaveLength(1);
    expect(rows()[0]).toMatch(/hello.*Queued/);
    expect(new Set(api.submissions.map(({ key }) => key)).size).toBe(1);
  });

  it("is refused for good, with the service's reason", async () => {
    api.onSubmit = () => problem(422, "brand-new-problem", "No such strings, please.");
    openPage();
    await submit("hello");
    await pass(30_000);
    expect(rows()[0]).toMatch(/Refused No such strings, please\./);
    expect(api.submissions).toHaveLength(1);
  });

  it("shows why the database refused it", async () => {
    api.onQuery = () => ({ status: "failed", reason: "violates a check" });
    openPage();
    await submit("hello");
    await pass(400);
    expect(rows()[0]).toMatch(/Failed The database refused it: violates a check/);
  });

  it("that the service no longer knows is not asked for again", async () => {
    api.onQuery = () => "not_found";
    openPage();
    await submit("hello");
    await pass(400);
    expect(rows()[0]).toMatch(/The service no longer knows this string/);
    const asked = api.queries.length;
    await pass(5_000);
    expect(api.queries).toHaveLength(asked);
  });

  it("that only the absent database knows of stays queued and is asked for again", async () => {
    api.onQuery = () => "unavailable";
    openPage();
    await submit("hello");
    await pass(5_000);
    expect(rows()[0]).toMatch(/Queued/);
    const asked = api.queries.length;
    await pass(5_000);
    expect(api.queries.length).toBeGreaterThan(asked);
  });

  it("is shown as text, whatever it looks like", async () => {
    openPage();
    await submit("<img src=x onerror=alert(1)>\nsecond line");
    const row = within(screen.getByRole("main")).getByRole("listitem");
    expect(row.querySelector("img")).toBeNull();
    expect(row.querySelector("[dir=auto]")?.textContent).toBe("<img src=x onerror=alert(1)>\nsecond line");
  });

  it("leaves the list when finished ones are cleared", async () => {
    api.onSubmit = ({ text }) => (text === "no" ? problem(422, "invalid-text", "No.") : undefined);
    openPage();
    await submit("no", "yes");
    await pass(0);
    fireEvent.click(screen.getByRole("button", { name: "Clear finished" }));
    expect(rows()).toHaveLength(1);
    expect(rows()[0]).toMatch(/yes/);
  });

  it("is announced once, together with its neighbours", async () => {
    const { container } = openPage();
    const spoken = () => container.querySelector("[aria-live=polite]")?.textContent;
    await submit("a", "b", "c");
    api.onQuery = stored;
    await pass(400);
    expect(spoken()).toBe("");
    await pass(1_100);
    expect(spoken()).toBe("3 strings stored.");
  });
});

describe("the poll", () => {
  const gaps = (times: number[]) => times.slice(1).map((time, index) => time - (times[index] ?? 0));

  it("asks for all open strings in one request", async () => {
    openPage();
    await submit("a", "b", "c");
    await pass(300);
    expect(api.queries.at(-1)?.ids).toHaveLength(3);
  });

  it("asks for more than a hundred in several requests, and for each once a round", async () => {
    openPage();
    await submit(...Array.from({ length: 120 }, (_, index) => `${index}`));
    await pass(1_000);
    const [first, second] = api.queries.slice(-2).map(({ ids }) => ids);
    expect([first?.length, second?.length].sort()).toEqual([100, 20]);
    expect(new Set([...(first ?? []), ...(second ?? [])]).size).toBe(120);
  });

  it("backs off from 250 ms to 2 s while nothing moves", async () => {
    openPage();
    await submit("a");
    await pass(20_000);
    const waits = gaps(api.queries.map(({ at }) => at));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(SHORTEST);
    expect(waits[0]).toBeLessThan(SHORTEST * 1.25 + 50);
    expect(Math.max(...waits)).toBeLessThanOrEqual(LONGEST + 50);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(LONGEST / 1.25);
  });

  it("hurries again when a new string is queued", async () => {
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

  it("stops while the tab is hidden and goes on at once when it is seen", async () => {
    openPage();
    await submit("a");
    await pass(1_000);
    show("hidden");
    await pass(100);
    const asked = api.queries.length;
    const looked = api.pipelineReads.length;
    await pass(60_000);
    expect(api.queries).toHaveLength(asked);
    expect(api.pipelineReads).toHaveLength(looked);
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

describe("the line about the pipeline", () => {
  it("says that strings are getting through, and looks seldom while nothing is under way", async () => {
    openPage();
    await pass(0);
    expect(screen.getByRole("status").textContent).toBe("Strings are getting through.");
    await pass(30_000);
    expect(api.pipelineReads.length).toBeLessThanOrEqual(4);
  });

  it("looks every two seconds while strings are under way", async () => {
    openPage();
    await submit("a");
    const looked = api.pipelineReads.length;
    await pass(20_000);
    expect(api.pipelineReads.length - looked).toBeGreaterThanOrEqual(8);
    expect(api.pipelineReads.length - looked).toBeLessThanOrEqual(13);
  });

  it("says that the database is away and how many strings wait", async () => {
    api.pipeline = pipeline({ waiting: 1_000, database: { status: "away", since: null } });
    openPage();
    await pass(0);
    const status = screen.getByRole("status");
    expect(status.textContent).toBe("The database is away; strings are accepted and wait safely.");
    expect(within(status.parentElement as HTMLElement).getByText("1,000 waiting")).toBeTruthy();
  });

  it.each([
    ["the service has just started", pipeline({ database: { status: "unknown", since: null } })],
    ["no worker answers", pipeline({ workers: { status: "away", since: null } })],
  ])("looks again within three seconds when %s", async (_, answer) => {
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

  it("tell the figures, the last five minutes and every part, and stay open at the next visit", async () => {
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
    const told = [...visit.container.querySelectorAll("dt")].map((term) => [
      term.textContent,
      term.nextElementSibling?.textContent,
    ]);
    expect(told.slice(0, 5)).toEqual([
      ["Waiting", "1,200"],
      ["Longest wait", "1 min 15 s"],
      ["Stored per second", "400"],
      ["Time left", "3 s"],
      ["Failed", "0"],
    ]);
    expect(told[6]?.[0]).toBe("Workers (2)");
    expect(told[6]?.[1]).toMatch(/^Up since /);
    expect(told[7]?.[1]).toMatch(/^Away since /);
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

describe.each([
  ["en", "Store a string", "Queued", "Strings are getting through."],
  ["ko", "문자열 저장", "대기 중", "문자열이 잘 저장되고 있습니다."],
] as const)("in %s", (language, heading, queued, through) => {
  it("speaks the language throughout and has no fault that axe can find", async () => {
    api.onSubmit = ({ text }) => (text === "no" ? problem(422, "invalid-text", "No.") : undefined);
    const { container } = openPage(language);
    await submit("no", "안녕하세요, IXcloud! 👋🏽");
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe(heading);
    expect(rows()[0]).toContain(queued);
    expect(screen.getByRole("status").textContent).toBe(through);
    vi.useRealTimers();
    // contrast needs a real rendering
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
    expect(violations).toEqual([]);
  });
});
