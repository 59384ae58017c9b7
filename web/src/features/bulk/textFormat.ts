import { bytesOf, SLICE } from "./decode";
import type { LineEnd } from "./lineSplitter";

const NEWLINE = 0x0a;

/** Whether a file looks like UTF-16: by its byte order mark, or because about every second byte is NUL. */
export async function looksLikeUtf16(blob: Blob): Promise<boolean> {
  const bytes = await bytesOf(blob, 0);
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return blob.size % 2 === 0 && isHalfNul(bytes, 0) !== isHalfNul(bytes, 1);
}

/** Whether most of every second byte from here are NUL. */
function isHalfNul(bytes: Uint8Array, from: 0 | 1): boolean {
  let nuls = 0;
  for (let at = from; at < bytes.length; at += 2) if (bytes[at] === 0) nuls++;
  return nuls > bytes.length / 4;
}

/** Returns what ends a file's lines: a carriage return, as on old Macs, only if it has no newline at all. */
export async function lineEndOf(blob: Blob, signal: AbortSignal): Promise<LineEnd> {
  for (let start = 0; start < blob.size; start += SLICE) {
    if ((await bytesOf(blob, start)).includes(NEWLINE)) return "\n";
    signal.throwIfAborted();
  }
  return "\r";
}
