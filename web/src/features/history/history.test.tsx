import { fireEvent, screen } from "@testing-library/react";
import axe from "axe-core";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../../api/apiError";
import { reachability } from "../../api/reachability";
import { pass, stopClock } from "../../testing/clock";
import { FakeApi, pipeline, problem } from "../../testing/fakeApi";
import { DAY, main, NOW, open, page, rows, string } from "../../testing/history";
import { show } from "../../testing/page";
import { server } from "../../testing/server";
import { makeEverythingVisible } from "../../testing/visibility";
import { AUTOMATIC_ROUNDS, PAGE_SIZE } from "./useHistory";
import "../../app/OtherView";
import { idOf } from "../../testing/ids";

let api: FakeApi;
let asked: URLSearchParams[];
let answer: (parameters: URLSearchParams) => Response;

beforeEach(() => {
  stopClock();
  vi.setSystemTime(NOW);
  makeEverythingVisible();
  api = new FakeApi();
  api.pipeline = pipeline({ settled_total: 1 });
  asked = [];
  server.use(
    http.get("/dummies/", ({ request }) => {
      const parameters = new URL(request.url).searchParams;
      asked.push(parameters);
      return answer(parameters);
    }),
  );
});

describe("the history", () => {
  it("groups strings by day, and links each to its page", async () => {
    answer = () => page([string("a", "one"), string("b", "two", DAY), string("c", "three", 9 * DAY)]);
    await open("#/history");
    expect(
      main()
        .getAllByRole("heading", { level: 2 })
        .map((heading) => heading.textContent),
    ).toEqual(["Today", "Yesterday", "Sunday, March 1, 2026"]);
    expect(main().getByRole("link", { name: "two" }).getAttribute("href")).toBe(`#/string/${idOf("b")}`);
    expect(main().getByText("No more strings.")).toBeTruthy();
  });

  it("shows the others if the time of one is none, which stays where it is", async () => {
    const odd = { ...string("b", "two"), stored_at: "garbage" };
    answer = () => page([string("a", "one"), odd, string("c", "three"), string("d", "four", DAY)]);
    await open("#/history");
    expect(
      main()
        .getAllByRole("heading", { level: 2 })
        .map((heading) => heading.textContent),
    ).toEqual(["Today", "Yesterday"]);
    expect(rows().map((row) => row.querySelector("a")?.textContent)).toEqual(["one", "two", "three", "four"]);
    expect(rows()[1]?.textContent).toContain("— in —");
  });

  it("calls no day today that has become yesterday", async () => {
    answer = () => page([string("a", "one")]);
    await open("#/history");
    show("hidden");
    vi.setSystemTime(NOW.getTime() + DAY);
    show("visible");
    await pass(0);
    expect(main().getByRole("heading", { level: 2 }).textContent).toBe("Yesterday");
  });

  it("keeps the focus in the view when a search without hits is cleared", async () => {
    answer = () => page([]);
    await open("#/history?q=nothing");
    const link = main().getByRole("link", { name: "Clear search" });
    link.focus();
    fireEvent.click(link);
    window.history.replaceState(null, "", "#/history");
    fireEvent(window, new Event("hashchange"));
    await pass(100);
    expect(main().getByText("Nothing is stored yet.")).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByRole("heading", { name: "History" }));
  });

  it("says of an erased string that it is, with nothing to copy", async () => {
    answer = () => page([{ ...string("a", ""), text: null, erased_at: NOW.toISOString() }]);
    await open("#/history");
    expect(main().getByRole("link", { name: "(erased by an operator)" })).toBeTruthy();
    expect(main().queryByRole("button", { name: /Copy/ })).toBeNull();
  });

  it("loads older pages by cursor until there are no more", async () => {
    const full = (start: number) =>
      Array.from({ length: PAGE_SIZE }, (_, index) => string(`${start + index}`, `text ${start + index}`));
    answer = (parameters) =>
      parameters.has("cursor") ? page([string("last", "oldest")]) : page(full(0), "50");
    await open("#/history");
    expect(rows()).toHaveLength(PAGE_SIZE + 1);
    expect(asked.filter((parameters) => parameters.get("cursor") === "50")).toHaveLength(1);
  });

  it.each([
    ["The service gave an unexpected response.", () => HttpResponse.json({ login: true })],
    ["Something went wrong in the service.", () => problem(500, "internal-error", "")],
    ["The service does not answer.", () => new HttpResponse("", { status: 502 })],
  ])("says why it cannot be read: %s", async (words, odd) => {
    answer = odd;
    await open("#/history");
    await pass(1_000);
    expect(main().getByText(words)).toBeTruthy();
  });

  it("says that the database is unavailable, and shows the strings when it is back", async () => {
    answer = () => problem(503, "database-away", "Later.");
    await open("#/history");
    expect(main().getByText(/^Stored strings cannot be read at present/)).toBeTruthy();
    answer = () => page([string("a", "one")]);
    await pass(3_000);
    expect(rows()).toHaveLength(1);
    expect(main().queryByText(/^Stored strings cannot be read at present/)).toBeNull();
  });

  it.each([
    [
      "database-error",
      "The database refuses to be read. Strings are safe; an operator finds the reason in the API's log.",
    ],
    ["database-slow", "The database took too long."],
  ])("calls %s no outage", async (code, said) => {
    answer = () => problem(503, code, "Later.");
    await open("#/history");
    expect(main().getByText(said, { exact: false })).toBeTruthy();
    expect(main().queryByText(/unavailable/)).toBeNull();
  });

  it("is read again although the service takes nothing from this page", async () => {
    const refused = new ApiError({ code: "foreign-origin", detail: "" }, true);
    reachability.note(reachability.begin(), refused, true);
    answer = () => problem(503, "busy", "Later.");
    await open("#/history");
    expect(screen.getAllByRole("status")[0]?.textContent).toContain(
      "takes nothing from pages at this address",
    );
    answer = () => page([string("a", "one")]);
    await pass(5_000);
    expect(rows()).toHaveLength(1);
    reachability.note(reachability.begin(), null, true);
  });

  it("says that nothing is stored yet", async () => {
    answer = () => page([]);
    await open("#/history");
    expect(main().getByText("Nothing is stored yet.")).toBeTruthy();
  });

  it("offers newer strings without moving those being read", async () => {
    answer = () => page([string("a", "one")]);
    await open("#/history");
    answer = () => page([string("b", "newer"), string("a", "one")]);
    expect(main().queryByText("New strings are stored")).toBeNull();
    api.pipeline = pipeline({ settled_total: 2 });
    await pass(13_000);
    expect(main().getByText("New strings are stored")).toBeTruthy();
    expect(rows()).toHaveLength(1);
    fireEvent.click(main().getByRole("button", { name: "Show them" }));
    await pass(100);
    expect(rows()).toHaveLength(2);
    expect(main().queryByText("New strings are stored")).toBeNull();
  });

  it("says that newer strings cannot be read, and looks again until they can", async () => {
    answer = () => page([string("a", "one")]);
    await open("#/history");
    answer = () => problem(503, "database-error", "Later.");
    api.pipeline = pipeline({ settled_total: 2 });
    await pass(13_000);
    expect(main().getByText("Newer strings cannot be read at present.")).toBeTruthy();
    expect(main().queryByRole("button", { name: "Show them" })).toBeNull();
    answer = () => page([string("b", "newer"), string("a", "one")]);
    await pass(16_000);
    expect(main().getByText("New strings are stored")).toBeTruthy();
    expect(main().queryByText("Newer strings cannot be read at present.")).toBeNull();
  });

  it("takes an older string for no newer one when the newest was deleted", async () => {
    answer = () => page([string("c", "three"), string("b", "two"), string("a", "one")]);
    await open("#/history");
    answer = () => page([string("b", "two"), string("a", "one")]);
    api.pipeline = pipeline({ settled_total: 2 });
    await pass(13_000);
    expect(asked.at(-1)?.get("limit")).toBe("1");
    expect(main().queryByText("New strings are stored")).toBeNull();
  });

  it("exports what is shown", async () => {
    answer = () => page([]);
    await open("#/history?q=a%26b");
    const link = main().getByRole("link", { name: "Export as CSV" });
    expect(link.getAttribute("href")).toBe("/dummies/export?format=csv&q=a%26b");
  });
});

describe("a search", () => {
  it("starts when typing pauses, and is part of the URL", async () => {
    answer = (parameters) => page(parameters.get("q") === "two" ? [string("b", "two")] : []);
    await open("#/history");
    const field = main().getByRole("searchbox");
    for (const typed of ["t", "tw", "two"]) {
      fireEvent.change(field, { target: { value: typed } });
      await pass(100);
    }
    expect(window.location.hash).toBe("#/history");
    await pass(300);
    expect(window.location.hash).toBe("#/history?q=two");
    expect(rows()).toHaveLength(1);
    expect(asked.some((parameters) => parameters.get("q") === "t")).toBe(false);
  });

  it("that finds little continues by itself, then asks", async () => {
    answer = (parameters) => page([], `${Number(parameters.get("cursor") ?? 1_000) - 1}`, NOW.toISOString());
    api.pipeline = pipeline({ settled_total: null });
    await open("#/history?q=rare");
    await pass(1_000);
    expect(asked).toHaveLength(AUTOMATIC_ROUNDS);
    expect(main().getByText(/^Looked back to 12:00:00/)).toBeTruthy();
    answer = () => page([string("a", "rare")]);
    const button = main().getByRole("button", { name: "Look further back" });
    button.focus();
    fireEvent.click(button);
    await pass(100);
    expect(rows()).toHaveLength(1);
    expect(asked).toHaveLength(AUTOMATIC_ROUNDS + 1);
    expect(button.isConnected).toBe(false);
    expect(document.activeElement?.textContent).toBe("No more strings.");
  });

  it("announces once, at its end, how much it found", async () => {
    answer = () => page([string("a", "one"), string("b", "two")]);
    const { container } = await open("#/history");
    const spoken = () => container.querySelector("[aria-live=polite]")?.textContent;
    expect(spoken()).toBe("");
    answer = (parameters) => (parameters.has("cursor") ? page([string("b", "two")]) : page([], "older"));
    fireEvent.change(main().getByRole("searchbox"), { target: { value: "two" } });
    await pass(500);
    expect(spoken()).toBe("1 string found.");
    const paragraph = container.querySelector("[aria-live=polite] p");
    api.pipeline = pipeline({ settled_total: 2 });
    await pass(20_000);
    expect(container.querySelector("[aria-live=polite] p")).toBe(paragraph);
  });

  it("says when nothing contains it", async () => {
    answer = () => page([]);
    await open("#/history?q=absent");
    expect(main().getByText("No string contains “absent”.")).toBeTruthy();
  });
});

it.each([
  ["en", "History", "Today"],
  ["ko", "기록", "오늘"],
] as const)("the history is in %s and has no violation that axe finds", async (language, heading, today) => {
  answer = () => page([string("a", "안녕하세요")]);
  const { container } = await open("#/history", language);
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe(heading);
  expect(screen.getByRole("heading", { level: 2 }).textContent).toBe(today);
  vi.useRealTimers();
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
  expect(violations).toEqual([]);
});
