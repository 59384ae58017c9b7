import { bytesOf, type Encoding, SLICE } from "./decode";
import type { LineEnd } from "./lineSplitter";

const CODES: Record<LineEnd, number> = { "\n": 0x0a, "\r": 0x0d };

/** Returns the encoding that a byte order mark names; null without one of UTF-16. */
export function markedUtf16([first, second]: Uint8Array): Encoding | null {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : null;
}

/** Whether bytes look like UTF-16 without a mark, as about every second one is NUL. */
export function looksLikeUtf16(bytes: Uint8Array): boolean {
  return isHalfNul(bytes, 0) !== isHalfNul(bytes, 1);
}

/** Whether most of every second byte from here are NUL. */
function isHalfNul(bytes: Uint8Array, from: 0 | 1): boolean {
  let nuls = 0;
  for (let at = from; at < bytes.length; at += 2) if (bytes[at] === 0) nuls++;
  return nuls > bytes.length / 4;
}

/** Returns what ends a file's lines: a carriage return, as on old Macs, only if it has no newline at all. */
export async function lineEndOf(blob: Blob, encoding: Encoding, signal: AbortSignal): Promise<LineEnd> {
  for (let start = 0; start < blob.size; start += SLICE) {
    if (countIn(await bytesOf(blob, start), CODES["\n"], encoding) > 0) return "\n";
    signal.throwIfAborted();
  }
  return "\r";
}

/** Returns the number of the line, from 1, in which a byte is (counted from 0). */
export async function lineAt(blob: Blob, position: number, end: LineEnd): Promise<number> {
  let line = 1;
  for (let start = 0; start < position; start += SLICE) {
    const bytes = await bytesOf(blob, start);
    line += countIn(bytes.subarray(0, position - start), CODES[end], "utf-8");
  }
  return line;
}

/** Returns how often an ASCII character is in bytes that begin between two characters of UTF-16. */
function countIn(bytes: Uint8Array, code: number, encoding: Encoding): number {
  const wide = encoding === "utf-16le" || encoding === "utf-16be";
  const lower = encoding === "utf-16be" ? 1 : 0;
  let count = 0;
  for (let at = bytes.indexOf(code); at !== -1; at = bytes.indexOf(code, at + 1))
    if (!wide || (at % 2 === lower && bytes[at ^ 1] === 0)) count++;
  return count;
}
