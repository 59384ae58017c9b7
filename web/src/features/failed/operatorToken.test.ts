import { expect, it, vi } from "vitest";
import { savedToken, saveToken } from "./operatorToken";

it("is known while the page is open where the browser keeps nothing", () => {
  const denied = () => {
    throw new DOMException("", "SecurityError");
  };
  for (const name of ["getItem", "setItem", "removeItem"] as const)
    vi.spyOn(Storage.prototype, name).mockImplementation(denied);
  saveToken("a-token");
  expect(savedToken()).toBe("a-token");
  saveToken(null);
  expect(savedToken()).toBeNull();
});

it("is the last one, also where the browser has no room for it", () => {
  saveToken("an-earlier-one");
  const full = vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("", "QuotaExceededError");
  });
  saveToken("a-token");
  expect(savedToken()).toBe("a-token");
  full.mockRestore();
  saveToken("another");
  expect(savedToken()).toBe("another");
  expect(sessionStorage).toHaveLength(1);
});
