import { describe, expect, it } from "vitest";
import { decoded, type Encoding, NotInEncoding } from "./decode";

// 안녕 in EUC-KR
const KOREAN = [0xbe, 0xc8, 0xb3, 0xe7];

async function textOf(parts: BlobPart[], encoding: Encoding = "utf-8"): Promise<string[]> {
  const pieces: string[] = [];
  for await (const { text } of decoded(new Blob(parts), encoding)) pieces.push(text);
  return pieces;
}

async function faultOf(parts: BlobPart[]): Promise<number> {
  const error = await textOf(parts).catch((caught: unknown) => caught);
  if (!(error instanceof NotInEncoding)) throw new Error("no fault");
  return error.position;
}

describe("decoded", () => {
  it("reads a large file in pieces of whole lines, without losing any", async () => {
    const lines = Array.from({ length: 40_000 }, (_, index) => `${index} 가나다 👋🏽\n`);
    const pieces = await textOf([lines.join("")]);
    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.every((piece) => piece.endsWith("\n"))).toBe(true);
    expect(pieces.join("") === lines.join("")).toBe(true);
  });

  it("reads a line that is longer than a piece", async () => {
    const line = "가".repeat(200_000);
    expect((await textOf([line])).join("") === line).toBe(true);
  });

  it("drops a byte order mark at the start, and only there", async () => {
    expect(await textOf(["\ufeffa\n\ufeffb"])).toEqual(["a\n\ufeffb"]);
  });

  it("reads Korean text", async () => {
    expect(await textOf([new Uint8Array(KOREAN)], "euc-kr")).toEqual(["안녕"]);
  });

  it.each([
    ["at the start", [new Uint8Array(KOREAN)], 0],
    ["after some text", ["abc\n가", new Uint8Array([0xff, 0x0a])], 7],
    ["in a later piece", ["a\n".repeat(100_000), new Uint8Array([0x61, 0xc3, 0x28])], 200_002],
  ])("says at which byte a file stops being UTF-8: %s", async (_, parts, position) => {
    expect(await faultOf(parts as BlobPart[])).toBe(position);
  });

  it("rejects a character that the end of the file cuts off", async () => {
    expect(await faultOf(["a", new Uint8Array([0xea, 0xb0])])).toBe(3);
  });
});
