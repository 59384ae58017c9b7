import { describe, expect, it, vi } from "vitest";
import { decoded, type Encoding, NotInEncoding, utf8FaultIn } from "./decode";

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
  return utf8FaultIn(new Blob(parts), error.start);
}

describe("decoded", () => {
  it("reads a large file in pieces, without losing a character where it cuts", async () => {
    const text = "a가나다 👋🏽\n".repeat(40_000);
    const pieces = await textOf([text]);
    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.join("") === text).toBe(true);
  });

  it("decodes a long line once, and looks for its fault in one piece only", async () => {
    const decode = vi.spyOn(TextDecoder.prototype, "decode");
    const line = "가".repeat(1_000_000);
    expect(await faultOf([line, new Uint8Array([0xff])])).toBe(3_000_000);
    const sizes = decode.mock.calls.map(([bytes]) => bytes?.byteLength ?? 0);
    decode.mockRestore();
    expect(Math.max(...sizes)).toBeLessThan(70_000);
    expect(sizes.reduce((all, size) => all + size)).toBeLessThan(5_000_000);
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
    ["after a character that begins in one", ["a".repeat(65_535), new Uint8Array([0xc3, 0x28])], 65_536],
    ["after one that ends there", ["a".repeat(65_532), "👋", new Uint8Array([0x80])], 65_536],
    ["after one that ends in the next", ["a".repeat(65_534), "👋", new Uint8Array([0x80])], 65_538],
  ])("says at which byte a file stops being UTF-8: %s", async (_, parts, position) => {
    expect(await faultOf(parts as BlobPart[])).toBe(position);
  });

  it("rejects a character that the end of the file cuts off", async () => {
    expect(await faultOf(["a", new Uint8Array([0xea, 0xb0])])).toBe(3);
  });
});
