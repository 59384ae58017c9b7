import { describe, expect, it } from "vitest";
import { MAX_TEXT_BYTES } from "../strings/text";
import { LISTED } from "./batch";
import { LineReader, type Lines } from "./lines";
import { MAX_CHUNK_BYTES, MAX_CHUNK_LINES } from "./requestSize";

function read(...pieces: string[]): Lines {
  const reader = new LineReader();
  for (const piece of pieces) reader.read(piece);
  return reader.end();
}

const texts = ({ chunks }: Lines) => chunks.flatMap((chunk) => chunk.texts);
const numbers = ({ chunks }: Lines) => chunks.flatMap((chunk) => chunk.lines);

describe("LineReader", () => {
  it("reads a string per line, with Unix or Windows line ends, and skips empty lines", () => {
    const lines = read("one\r", "\n\ntw", "o\n\r\n", " \nlast");
    expect(texts(lines)).toEqual(["one", "two", " ", "last"]);
    expect(numbers(lines)).toEqual([1, 3, 5, 6]);
    expect(lines).toMatchObject({ count: 6, empty: 2, strings: 4, badCount: 0 });
  });

  it("leaves out lines that cannot be stored, and lists them by number", () => {
    const lines = read(`a\n\0\n${"x".repeat(MAX_TEXT_BYTES + 1)}\nb\n`);
    expect(lines.bad).toEqual([
      { line: 2, fault: "nul" },
      { line: 3, fault: "too-long" },
    ]);
    expect(numbers(lines)).toEqual([1, 4]);
  });

  it("calls a line too long that is, whatever comes after what it keeps of it", () => {
    const longest = "x".repeat(MAX_TEXT_BYTES);
    const lines = read(longest, "\r\n", longest, "\r", "\0", longest, "\nlast");
    expect(texts(lines)).toEqual([longest, "last"]);
    expect(lines.bad).toEqual([{ line: 2, fault: "too-long" }]);
  });

  it("lists the first hundred of them, and counts all", () => {
    const lines = read("\0\n".repeat(250));
    expect(lines.bad).toHaveLength(LISTED);
    expect(lines).toMatchObject({ badCount: 250, strings: 0, chunks: [] });
  });

  it("limits the lines of a chunk, and gives each chunk its own key", () => {
    const { chunks } = read("a\n".repeat(2 * MAX_CHUNK_LINES + 1));
    expect(chunks.map((chunk) => chunk.texts.length)).toEqual([MAX_CHUNK_LINES, MAX_CHUNK_LINES, 1]);
    expect(chunks.map((chunk) => chunk.number)).toEqual([1, 2_001, 4_001]);
    expect(new Set(chunks.map((chunk) => chunk.key)).size).toBe(3);
  });

  it("limits the size of a request, however JSON escapes the text", () => {
    const { chunks } = read(`${"\u0001".repeat(60_000)}\n${"가".repeat(20_000)}\n`.repeat(20));
    for (const { texts } of chunks) {
      const body = new TextEncoder().encode(JSON.stringify({ texts }));
      expect(body.length).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
    }
    expect(chunks.length).toBeGreaterThan(5);
  });
});
