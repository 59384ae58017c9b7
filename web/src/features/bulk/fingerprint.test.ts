import { expect, it } from "vitest";
import { fingerprint } from "./fingerprint";

it("tells similar texts apart, and is the same for the same text", () => {
  const texts = ["", "\0", "\0\0", ...Array.from({ length: 100_000 }, (_, n) => `line ${n}\nline ${n % 7}`)];
  expect(new Set(texts.map(fingerprint)).size).toBe(texts.length);
  expect(fingerprint("가나다\n")).toBe(fingerprint("가나다\n"));
});
