import { expect, it } from "vitest";
import { MAX_TEXT_BYTES, textFault } from "./text";

it("takes any Unicode text", () => {
  for (const text of [
    " ",
    "안녕하세요, IXcloud! 👋🏽",
    "\u{10ffff}\u0001\ufeff",
    "a".repeat(MAX_TEXT_BYTES),
  ]) {
    expect(textFault(text)).toBeNull();
  }
});

it("names what cannot be stored", () => {
  expect(textFault("a\0b")).toBe("nul");
  expect(textFault("\ud83d")).toBe("surrogate");
  expect(textFault("\udc4b\ud83d")).toBe("surrogate");
  expect(textFault("a".repeat(MAX_TEXT_BYTES + 1))).toBe("too-long");
});

it("counts bytes of UTF-8, not characters", () => {
  expect(textFault("가".repeat(Math.floor(MAX_TEXT_BYTES / 3)))).toBeNull();
  expect(textFault("가".repeat(Math.ceil(MAX_TEXT_BYTES / 3)))).toBe("too-long");
});
