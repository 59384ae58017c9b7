import { describe, expect, it } from "vitest";
import { readLines } from "./readLines";

const read = (...parts: BlobPart[]) =>
  readLines(new Blob(parts), "utf-8", () => undefined, new AbortController().signal);

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
    ["with a byte order mark", utf16("\ufeff안녕\r\n")],
    ["with one of the other order", utf16("\ufeff안녕\r\n", 1)],
    ["without one", utf16("first – or not\r\nsecond\r\n")],
    ["without one, in the other order", utf16("first\n", 1)],
  ])("says that a file looks like UTF-16: %s", async (_, bytes) => {
    expect(await read(bytes)).toEqual({ kind: "utf-16" });
  });

  it("takes no other file with NUL characters for UTF-16", async () => {
    for (const text of ["a\0b\ncd\n", "\0".repeat(1_000), "\0"])
      expect(await read(text)).toMatchObject({ kind: "lines", badCount: 1 });
  });

  it("shows the first Korean lines of a file that may be EUC-KR", async () => {
    const korean = new Uint8Array([0xbe, 0xc8, 0xb3, 0xe7]); // 안녕
    expect(await read("a\n", korean, "\nb\n", korean)).toEqual({
      kind: "not-utf-8",
      position: 2,
      preview: ["안녕", "안녕"],
    });
  });
});
