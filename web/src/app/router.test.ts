import { describe, expect, it } from "vitest";
import { hrefOf, parseRoute, type Route } from "./router";

describe("a view's address", () => {
  it.each<Route>([
    { view: "send" },
    { view: "bulk" },
    { view: "history", query: "" },
    { view: "history", query: "100% & #1 = 가나다 + 라" },
    { view: "string", id: "6f1c2a9e-0000-4000-8000-000000000000" },
    { view: "failed" },
  ])("is read back as it was written: %o", (route) => {
    const hash = new URL(hrefOf(route), "http://page.test/").hash;
    expect(parseRoute(hash)).toEqual(route);
  });

  it.each([
    "",
    "#",
    "#/",
    "#/nowhere",
    "#/history/more",
    "#/string",
    "#/string/",
    "#/string/a/b",
    "#heading",
  ])("leads to the first view if it names none: %s", (hash) => {
    expect(parseRoute(hash)).toEqual({ view: "send" });
  });
});
