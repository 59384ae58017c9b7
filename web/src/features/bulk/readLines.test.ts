import { describe, expect, it } from "vitest";
import { type How, readLines } from "./readLines";

const read = (...parts: BlobPart[]) => readAs(null, { encoding: "utf-8", column: null }, ...parts);

const readAs = (name: string | null, how: How, ...parts: BlobPart[]) =>
  readLines({ blob: new Blob(parts), name }, how, () => undefined, new AbortController().signal);

async function textsOf(...parts: BlobPart[]): Promise<readonly string[]> {
  const reading = await read(...parts);
  return reading.kind === "lines" ? reading.chunks.flatMap(({ texts }) => texts) : [];
}

/** Returns a text in UTF-16, the lower byte first or last. */
function utf16(text: string, lower: 0 | 1 = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2 * text.length);
  for (let at = 0; at < text.length; at++) {
    bytes[2 * at + lower] = text.charCodeAt(at) & 0xff;
    bytes[2 * at + 1 - lower] = text.charCodeAt(at) >> 8;
  }
  return bytes;
}

describe("readLines", () => {
  it("ends lines at carriage returns if there is no newline, and only then", async () => {
    expect(await textsOf("one\rtwo\r\rthree")).toEqual(["one", "two", "three"]);
    expect(await textsOf("one\rtwo\r\nthree\r")).toEqual(["one\rtwo", "three"]);
    const lines = "one\r".repeat(50_000);
    expect(await textsOf(lines)).toHaveLength(50_000);
    expect(await textsOf(lines, "\n")).toHaveLength(0);
  });

  it.each([
    ["without a byte order mark", utf16("first – or not\r\nsecond\r\n")],
    ["without one, in the other order", utf16("first\n", 1)],
  ])("says that a file looks like UTF-16: %s", async (_, bytes) => {
    expect(await read(bytes)).toEqual({ kind: "utf-16" });
  });

  it.each([
    ["little-endian", 0],
    ["big-endian", 1],
  ] as const)("reads UTF-16 with a byte order mark, %s", async (_, lower) => {
    // U+0A0D and U+0D0A are no line ends
    expect(await textsOf(utf16("\ufeff안녕\r\n\u0a0d\u0d0a👋\n", lower))).toEqual(["안녕", "\u0a0d\u0d0a👋"]);
    expect(await textsOf(utf16("\ufeffone\rtwo", lower))).toEqual(["one", "two"]);
    expect(await textsOf(utf16(`\ufeff${"안녕\n".repeat(50_000)}`, lower))).toHaveLength(50_000);
  });

  it("asks for another file where UTF-16 is broken", async () => {
    expect(await read(utf16("\ufeffa\ud800b"))).toEqual({ kind: "utf-16" });
  });

  it("names what is no text", async () => {
    expect(await read("%PDF-1.7")).toEqual({ kind: "binary", format: "other" });
  });

  it("names the line that is not UTF-8", async () => {
    const lines = "안녕\n".repeat(10_000);
    expect(await read(lines, new Uint8Array([0xff]))).toMatchObject({ kind: "not-utf-8", line: 10_001 });
    expect(await read("a\rb\r", new Uint8Array([0xff]))).toMatchObject({ line: 3 });
  });

  it("reads a column of a table", async () => {
    const csv = 'id,text\n1,"say ""hi"""\n2,"two\nlines"\n3,\n';
    const how = (named: boolean): How => ({ encoding: "utf-8", column: { index: 1, named } });
    const named = await readAs("a.csv", how(true), csv);
    expect(named).toMatchObject({ count: 4, empty: 1, strings: 2, examples: ['say "hi"', "two\nlines"] });
    expect(named).toMatchObject({ table: { delimiter: ",", first: ["id", "text"] } });
    expect(await readAs("a.csv", how(false), csv)).toMatchObject({ count: 4, strings: 3 });
    expect(await readAs("a.csv", { encoding: "utf-8", column: null }, csv)).toMatchObject({ strings: 5 });
    expect(await readAs("a.txt", how(true), csv)).toMatchObject({ strings: 5, table: null });
  });

  it("takes no other file with NUL characters for UTF-16", async () => {
    for (const text of ["a\0b\ncd\n", "\0".repeat(1_000), "\0"])
      expect(await read(text)).toMatchObject({ kind: "lines", badCount: 1 });
  });

  it("shows the first Korean lines of a file that may be EUC-KR", async () => {
    const korean = new Uint8Array([0xbe, 0xc8, 0xb3, 0xe7]); // 안녕
    expect(await read("a\n", korean, "\nb\n", korean)).toEqual({
      kind: "not-utf-8",
      line: 2,
      preview: ["안녕", "안녕"],
    });
  });
});
