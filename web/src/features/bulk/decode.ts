export type Encoding = "utf-8" | "euc-kr";

const SLICE = 64 * 1024;
const NEWLINE = 0x0a;

/** The file is not in the expected encoding; `position` is the first invalid byte, counted from 0. */
export class NotInEncoding extends Error {
  readonly position: number;

  constructor(position: number) {
    super(`not in this encoding at byte ${position}`);
    this.name = "NotInEncoding";
    this.position = position;
  }
}

/**
 * Yields a file's text in pieces of whole lines, with the number of bytes read so far; throws NotInEncoding.
 *
 * Each piece is a task of its own, so that the page stays responsive. A cut after a newline never splits a character:
 * in both encodings that byte is part of no other.
 */
export async function* decoded(
  blob: Blob,
  encoding: Encoding,
): AsyncGenerator<{ text: string; read: number }> {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  for await (const { bytes, start } of pieces(blob)) {
    const text = decodeAt(decoder, bytes, start);
    yield { text: start === 0 ? text.replace(/^\ufeff/, "") : text, read: start + bytes.length };
  }
}

async function* pieces(blob: Blob): AsyncGenerator<{ bytes: Uint8Array; start: number }> {
  let rest = new Uint8Array();
  for (let at = 0; at < blob.size; at += SLICE) {
    const slice = new Uint8Array(await blob.slice(at, at + SLICE).arrayBuffer());
    const bytes = new Uint8Array(rest.length + slice.length);
    bytes.set(rest);
    bytes.set(slice, rest.length);
    const end = at + SLICE < blob.size ? bytes.lastIndexOf(NEWLINE) + 1 : bytes.length;
    if (end > 0) yield { bytes: bytes.subarray(0, end), start: at - rest.length };
    rest = bytes.slice(end);
  }
}

function decodeAt(decoder: TextDecoder, bytes: Uint8Array, start: number): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new NotInEncoding(start + faultIn(bytes, decoder.encoding));
  }
}

/** Returns the index of the first invalid byte, by binary search, because the decoder does not report it. */
function faultIn(bytes: Uint8Array, encoding: string): number {
  let fits = 0;
  let faulty = bytes.length;
  while (fits < faulty) {
    const middle = (fits + faulty + 1) >> 1;
    if (isValidPrefix(bytes.subarray(0, middle), encoding)) fits = middle;
    else faulty = middle - 1;
  }
  return fits;
}

function isValidPrefix(bytes: Uint8Array, encoding: string): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
