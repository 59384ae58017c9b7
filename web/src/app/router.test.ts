import { describe, expect, it } from "vitest";
import { hrefOf, type Place, parseRoute } from "./router";

describe("a view's address", () => {
  it.each<Place>([
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

  it.each(["", "#", "#/", "#/?from=a-mail"])("without a view is the first view's: %s", (hash) => {
    expect(parseRoute(hash)).toEqual({ view: "send" });
  });

  it.each([
    "#heading",
    "#/nowhere",
    "#/history/more",
    "#/string",
    "#/string/",
    "#/string/a/b",
    "#/string/..",
    "#/string/%E0%A4%A",
    "#/%",
    "#//",
    "#///",
    "#//[",
    "#//host/history",
    "#/\\history",
  ])("names no view: %s", (hash) => {
    expect(parseRoute(hash)).toEqual({ view: "unknown" });
  });

  it("may have parameters that are malformed", () => {
    expect(parseRoute("#/many?x")).toEqual({ view: "bulk" });
    expect(parseRoute("#/history?q=%E0%A4%A")).toMatchObject({ view: "history" });
    expect(parseRoute("#/history?q=a?b")).toEqual({ view: "history", query: "a?b" });
  });
});
