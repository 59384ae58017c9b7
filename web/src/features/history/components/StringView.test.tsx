import { screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { pass, stopClock } from "../../../testing/clock";
import { FakeApi, pipeline, problem } from "../../../testing/fakeApi";
import { DAY, main, NOW, open, page, rows, string } from "../../../testing/history";
import { server } from "../../../testing/server";
import { makeEverythingVisible } from "../../../testing/visibility";
import "../../../app/OtherView";

describe("the page of a string", () => {
  const section = () =>
    screen.queryAllByRole("link").find((link) => link.hasAttribute("aria-current"))?.textContent;
  const ID = "6f1c2a9e-0000-4000-8000-000000000000";
  let api: FakeApi;
  let answer: () => Response;
  let state: () => Response;

  beforeEach(() => {
    stopClock();
    vi.setSystemTime(NOW);
    makeEverythingVisible();
    api = new FakeApi();
    answer = () => page([]);
    server.use(
      http.get("/dummies/", () => answer()),
      http.get("/dummies/:id", () => state()),
    );
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
    ["en", "An operator erased the text. The ID stays, so that nothing stores it again.", "Erased"],
    ["ko", "운영자가 텍스트를 지웠습니다. 다시 저장되지 않도록 ID는 남겨 둡니다.", "지움"],
  ] as const)("says that it was erased, and when (%s)", async (language, note, erased) => {
    const at = new Date(NOW.getTime() - DAY).toISOString();
    state = () => HttpResponse.json({ ...string(ID, ""), text: null, erased_at: at });
    await open(`#/string/${ID}`, language);
    expect(main().getByText(note)).toBeTruthy();
    expect(main().getByText(erased).nextSibling?.firstChild).toHaveProperty("dateTime", at);
    expect(main().queryByRole("region")).toBeNull();
  });

  it("shows the rest if a time is none", async () => {
    state = () => HttpResponse.json({ ...string(ID, "one"), received_at: "garbage" });
    await open(`#/string/${ID}`);
    expect(main().getByRole("region", { name: "Text" }).textContent).toBe("one");
    expect(main().getByText("Received").nextSibling?.textContent).toBe("—");
  });

  it("says that there is no such string", async () => {
    state = () => problem(404, "unknown-string", "No.");
    await open(`#/string/${ID}`);
    expect(main().getByText("There is no string with this ID.")).toBeTruthy();
    expect(main().getByRole("link", { name: "History" }).getAttribute("href")).toBe("#/history");
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
    expect(main().queryByText("There is no string with this ID.")).toBeNull();
  });

  it("is found once it is there, although it was not at first", async () => {
    state = () => problem(404, "unknown-string", "No.");
    await open(`#/string/${ID}`);
    expect(main().getByText("There is no string with this ID.")).toBeTruthy();
    state = () => HttpResponse.json(string(ID, "one"));
    api.pipeline = pipeline({ settled_total: 2 });
    await pass(13_000);
    expect(main().getByRole("region", { name: "Text" }).textContent).toBe("one");
    expect(main().queryByText("There is no string with this ID.")).toBeNull();
  });

  it("that was there a moment ago is not called deleted", async () => {
    state = () => HttpResponse.json({ ...string(ID, "one"), status: "queued", stored_at: null });
    await open(`#/string/${ID}`);
    state = () => problem(404, "unknown-string", "No.");
    await pass(3_000);
    expect(main().getByText("The service has no record of this string.")).toBeTruthy();
    expect(main().queryByText(/an operator has deleted/)).toBeNull();
  });

  it("is not called on its way once its state cannot be read", async () => {
    state = () => HttpResponse.json({ ...string(ID, "one"), status: "queued", stored_at: null });
    await open(`#/string/${ID}`);
    expect(main().getByText("Accepted; it is on its way to the database.")).toBeTruthy();
    state = () => problem(503, "database-error", "Later.");
    await pass(3_000);
    expect(main().getByText("Whether it is stored cannot be read at present.")).toBeTruthy();
    expect(main().queryByText(/on its way/)).toBeNull();
  });

  it("waits for an unavailable database", async () => {
    state = () => problem(503, "database-away", "Later.");
    await open(`#/string/${ID}`);
    expect(main().getByText(/^Stored strings cannot be read at present/)).toBeTruthy();
    state = () => HttpResponse.json(string(ID, "one"));
    await pass(3_000);
    expect(main().getByRole("region", { name: "Text" }).textContent).toBe("one");
  });
});
