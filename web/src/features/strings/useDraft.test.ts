import { afterEach, expect, it, vi } from "vitest";
import { readDraft, saveDraft } from "./useDraft";

afterEach(() => vi.restoreAllMocks());

const mayLeave = () => window.dispatchEvent(new Event("beforeunload", { cancelable: true }));

function refuse(method: "setItem" | "getItem" | "removeItem") {
  vi.spyOn(Storage.prototype, method).mockImplementation(() => {
    throw new DOMException("", "QuotaExceededError");
  });
}

it("keeps a text that cannot be saved in place of the older one, and asks before the page is left", () => {
  saveDraft("a", "older");
  expect(mayLeave()).toBe(true);
  refuse("setItem");
  saveDraft("a", "newer");
  expect(readDraft("a")).toBe("newer");
  expect(mayLeave()).toBe(false);
  expect(sessionStorage).toHaveLength(0);
  vi.restoreAllMocks();
  saveDraft("a", "newest");
  expect(readDraft("a")).toBe("newest");
  expect(mayLeave()).toBe(true);
});

it("keeps a text where storage is denied, until it is emptied", () => {
  for (const method of ["setItem", "getItem", "removeItem"] as const) refuse(method);
  saveDraft("a", "text");
  expect([readDraft("a"), readDraft("b")]).toEqual(["text", ""]);
  saveDraft("a", "");
  expect(readDraft("a")).toBe("");
  expect(mayLeave()).toBe(true);
});
