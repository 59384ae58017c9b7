import { fireEvent, screen, within } from "@testing-library/react";
import axe from "axe-core";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Schema } from "../../api/schema";
import { pass, stopClock } from "../../testing/clock";
import { FakeApi, pipeline, problem } from "../../testing/fakeApi";
import { openPage } from "../../testing/openPage";
import { server } from "../../testing/server";
import { makeEverythingVisible } from "../../testing/visibility";
import { AUTOMATIC_ROUNDS, PAGE_SIZE } from "./useHistory";
import "../../app/OtherView";

const NOW = new Date("2026-03-10T12:00:00");

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

function string(id: string, text: string, ago = 0): Schema<"StringState"> {
  const at = new Date(NOW.getTime() - ago).toISOString();
  return { id, status: "stored", text, received_at: at, stored_at: at, attempts: null, reason: null };
}

function page(items: Schema<"StringState">[], next: string | null = null, back: string | null = null) {
  const body: Schema<"HistoryPage"> = { items, next_cursor: next, looked_back_to: back };
  return HttpResponse.json(body);
}

async function open(hash: string, language: "en" | "ko" = "en") {
  window.history.replaceState(null, "", hash);
  const page = openPage(language);
  await pass(100);
  return page;
}

const main = () => within(screen.getByRole("main"));
const rows = () => main().queryAllByRole("listitem");
const DAY = 86_400_000;

describe("the history", () => {
  it("groups strings by day, and links each to its page", async () => {
    answer = () => page([string("a", "one"), string("b", "two", DAY), string("c", "three", 9 * DAY)]);
    await open("#/history");
    expect(
      main()
        .getAllByRole("heading", { level: 2 })
        .map((heading) => heading.textContent),
    ).toEqual(["Today", "Yesterday", "Sunday, March 1, 2026"]);
    expect(main().getByRole("link", { name: "two" }).getAttribute("href")).toBe("#/string/b");
    expect(main().getByText("These are all.")).toBeTruthy();
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

  it("says that the database is unavailable, and shows the strings when it is back", async () => {
    answer = () => problem(503, "database-away", "Later.");
    await open("#/history");
    expect(main().getByText(/^The database is unavailable/)).toBeTruthy();
    answer = () => page([string("a", "one")]);
    await pass(3_000);
    expect(rows()).toHaveLength(1);
    expect(main().queryByText(/^The database is unavailable/)).toBeNull();
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
    expect(document.activeElement?.textContent).toBe("These are all.");
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

describe("the page of a string", () => {
  const section = () =>
    screen.queryAllByRole("link").find((link) => link.hasAttribute("aria-current"))?.textContent;
  const ID = "6f1c2a9e-0000-4000-8000-000000000000";
  let state: () => Response;

  beforeEach(() => {
    answer = () => page([]);
    server.use(http.get("/dummies/:id", () => state()));
  });

  it("follows it until it is stored", async () => {
    const queued = { ...string(ID, "one\n  two"), status: "queued" as const, stored_at: null, attempts: 0 };
    state = () => HttpResponse.json(queued);
    await open(`#/string/${ID}`);
    expect(main().getByText("Queued")).toBeTruthy();
    expect(section()).toBeUndefined();
    expect(main().getByRole("region", { name: "Text" }).textContent).toBe("one\n  two");
    state = () => HttpResponse.json(string(ID, "one\n  two"));
    await pass(3_000);
    expect(main().getByText("It is in the database, exactly once.")).toBeTruthy();
    expect(section()).toBe("History");
    expect(main().getByRole("link", { name: "History" }).getAttribute("href")).toBe("#/history");
  });

  it("says why the database refused it, and belongs to the failed ones", async () => {
    state = () =>
      HttpResponse.json({ ...string(ID, "bad"), status: "failed", reason: "too large", attempts: 3 });
    await open(`#/string/${ID}`);
    expect(main().getByText("The database refused it.")).toBeTruthy();
    expect(main().getByText("too large")).toBeTruthy();
    expect(section()).toBe("Failed");
    expect(main().getByRole("link", { name: "Failed" }).getAttribute("href")).toBe("#/failed");
  });

  it.each([
    ["en", "An operator erased the text. The id stays, so that nothing stores it again.", "Erased"],
    ["ko", "운영자가 텍스트를 지웠습니다. 다시 저장되지 않도록 ID는 남겨 둡니다.", "지움"],
  ] as const)("says that it was erased, and when (%s)", async (language, note, erased) => {
    const at = new Date(NOW.getTime() - DAY).toISOString();
    state = () => HttpResponse.json({ ...string(ID, ""), text: null, erased_at: at });
    await open(`#/string/${ID}`, language);
    expect(main().getByText(note)).toBeTruthy();
    expect(main().getByText(erased).nextSibling?.firstChild).toHaveProperty("dateTime", at);
    expect(main().queryByRole("region")).toBeNull();
  });

  it("says that there is no such string", async () => {
    state = () => problem(404, "unknown-string", "No.");
    await open(`#/string/${ID}`);
    expect(main().getByText("There is no string with this id.")).toBeTruthy();
  });

  it.each([
    ["en", /^The service does not go by the name/, "The service does not go by this name;"],
    ["ko", /^서비스가 이 페이지가 쓰는 이름으로는/, "서비스가 이 이름으로는 응답하지 않습니다."],
  ] as const)(
    "is not taken for deleted under a name that is not the service's (%s)",
    async (language, words, strip) => {
      state = answer = () => problem(421, "unknown-host", "Nothing was accepted.");
      api.pipeline = state;
      await open(`#/string/${ID}`, language);
      expect(main().getByText(words)).toBeTruthy();
      expect(screen.getAllByRole("status")[0]?.textContent).toContain(strip);
      window.location.hash = "#/history";
      await pass(3_000);
      expect(main().getByText(words)).toBeTruthy();
      api.pipeline = pipeline();
      answer = () => page([string("a", "one")]);
      await pass(3_000);
      expect(rows()[0]?.textContent).toContain("one");
    },
  );

  it("is not taken for deleted if the request is refused for another reason", async () => {
    state = () => problem(400, "invalid-parameter", "No such parameter.");
    await open(`#/string/${ID}`);
    expect(main().getByText("The service refuses this request: No such parameter.")).toBeTruthy();
    expect(main().queryByText("There is no string with this id.")).toBeNull();
  });

  it("waits for an unavailable database", async () => {
    state = () => problem(503, "database-away", "Later.");
    await open(`#/string/${ID}`);
    expect(main().getByText(/^The database is unavailable/)).toBeTruthy();
    state = () => HttpResponse.json(string(ID, "one"));
    await pass(3_000);
    expect(main().getByRole("region", { name: "Text" }).textContent).toBe("one");
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
