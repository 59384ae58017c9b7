import { expect, it } from "vitest";
import { PieceSize } from "./pieces";
import { MAX_CHUNK_BYTES } from "./requestSize";

const FIRST = new PieceSize().current();

it("grows as long as the upload is fast, however late the answers are", () => {
  const size = new PieceSize();
  for (let round = 0; round < 10; round++) size.took(size.current(), 10, 4_000);
  expect(size.current()).toBe(MAX_CHUNK_BYTES);
});

it("learns nothing from a piece that is much smaller", () => {
  const size = new PieceSize();
  for (let round = 0; round < 10; round++) size.took(size.current(), 10, 10);
  size.took(20, 60, 60);
  expect(size.current()).toBe(MAX_CHUNK_BYTES);
});

it("shrinks on a slow line, but below the first size only when a request timed out or was too large", () => {
  const size = new PieceSize();
  for (let round = 0; round < 10; round++) size.took(size.current(), 60_000, 60_000);
  expect(size.current()).toBe(FIRST);
  size.timedOut();
  expect(size.current()).toBe(FIRST / 2);
  // what is small counts as uploaded before it is
  size.took(FIRST / 2, 0, 9_000);
  expect(size.current()).toBe(FIRST / 2);
  size.took(FIRST / 2, 0, 100);
  expect(size.current()).toBe(FIRST);
  size.tooLarge(1_000);
  size.took(500, 0, 1);
  expect(size.current()).toBe(500);
});
