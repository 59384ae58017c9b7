export type Encoding = "utf-8" | "euc-kr" | "utf-16le" | "utf-16be";

export const SLICE = 64 * 1024;
/** The most bytes of an unfinished character of UTF-8. */
const UNFINISHED = 3;

/** The file is not in the expected encoding: a character that ends, or is cut off, in the slice at `start` is invalid. */
export class NotInEncoding extends Error {
  readonly start: number;

  constructor(start: number) {
    super(`not in this encoding after byte ${start}`);
    this.name = "NotInEncoding";
    this.start = start;
  }
}

/**
 * Yields a file's text slice by slice, with the number of bytes read so far; throws NotInEncoding.
 *
 * Each slice is a task of its own, so that the page stays responsive.
 */
export async function* decoded(
  blob: Blob,
  encoding: Encoding,
): AsyncGenerator<{ text: string; read: number }> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  for (let start = 0; start < blob.size; start += SLICE) {
    const bytes = await bytesOf(blob, start);
    const read = start + bytes.length;
    yield { text: decodeNext(decoder, bytes, start, read < blob.size), read };
  }
}

/** Returns a file's bytes from here to the end of the slice that begins at `start`. */
export async function bytesOf(blob: Blob, start: number, from = start): Promise<Uint8Array> {
  return new Uint8Array(await blob.slice(from, start + SLICE).arrayBuffer());
}

function decodeNext(decoder: TextDecoder, bytes: Uint8Array, start: number, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw new NotInEncoding(start);
  }
}

/** Returns the first byte that is not UTF-8, counted from 0, in the slice at `start`; all before it are. */
export async function utf8FaultIn(blob: Blob, start: number): Promise<number> {
  const from = Math.max(0, start - UNFINISHED);
  const bytes = await bytesOf(blob, start, from);
  let begin = 0;
  // a character that began earlier still, and is valid
  while (from + begin < start && isContinuation(bytes[begin])) begin++;
  return from + begin + validPrefix(bytes.subarray(begin));
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Returns how many bytes are valid UTF-8, by binary search, because the decoder does not report it. */
function validPrefix(bytes: Uint8Array): number {
  let fits = 0;
  let faulty = bytes.length;
  while (fits < faulty) {
    const middle = (fits + faulty + 1) >> 1;
    if (isValidPrefix(bytes.subarray(0, middle))) fits = middle;
    else faulty = middle - 1;
  }
  return fits;
}

function isValidPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
