import { newIdempotencyKey } from "../strings/idempotencyKey";
import type { Chunk } from "./batch";
import { MAX_CHUNK_BYTES, sizeInBody } from "./requestSize";

const FIRST = 64 * 1024;
const LEAST = 1024;
/** How long an upload should take, in milliseconds: long enough to be few, short enough to see progress. */
const AIM = 3_000;

/**
 * How much to send with one request over this line: more as long as it is fast, less when it is slow. Less than at first
 * only after a request that timed out or was too large.
 */
export class PieceSize {
  private bytes = FIRST;
  private most = MAX_CHUNK_BYTES;

  current(): number {
    return this.bytes;
  }

  /** A request of this many bytes was uploaded, and then accepted, this many milliseconds after it was sent. */
  took(bytes: number, uploaded: number, accepted: number): void {
    if (bytes < this.bytes / 2) return;
    // what fits into the system's buffers counts as uploaded before it is
    const milliseconds = this.bytes < FIRST ? accepted : uploaded;
    const aim = Math.max((bytes / Math.max(1, milliseconds)) * AIM, Math.min(FIRST, this.bytes));
    this.bytes = Math.min(aim, 2 * Math.max(bytes, this.bytes), this.most);
  }

  /** A request got no answer in time: it may have been too large for the line. */
  timedOut(): void {
    this.bytes = Math.max(LEAST, this.bytes / 2);
  }

  /** A request of this many bytes was refused for its size. */
  tooLarge(bytes: number): void {
    this.most = bytes / 2;
    this.bytes = Math.min(this.bytes, this.most);
  }
}

/** Returns the size of a chunk's request, in bytes. */
export function bytesOf({ texts }: Chunk): number {
  return texts.reduce((sum, text) => sum + sizeInBody(text), 0);
}

/** Returns the beginning of a chunk, as much as fits but one line at least, marked as tried, and the rest. */
export function firstPiece(chunk: Chunk, bytes: number): [Chunk, ...Chunk[]] {
  let count = 0;
  let left = bytes;
  for (const text of chunk.texts) {
    left -= sizeInBody(text);
    if (left < 0) break;
    count++;
  }
  count = Math.max(1, count);
  const first = { ...part(chunk, 0, count), key: chunk.key, tried: true, attempts: [newIdempotencyKey()] };
  return count < chunk.texts.length ? [first, part(chunk, count)] : [first];
}

/** Returns both halves of a chunk of two lines or more. */
export function halves(chunk: Chunk): Chunk[] {
  const middle = chunk.texts.length >> 1;
  return [part(chunk, 0, middle), part(chunk, middle)];
}

/** Returns lines of a chunk as a chunk of their own, with a key of its own. */
function part(chunk: Chunk, from: number, to?: number): Chunk {
  return chunkOf(chunk.lines.slice(from, to), chunk.texts.slice(from, to));
}

/** Returns a chunk of these lines, of which there is at least one. */
export function chunkOf(lines: readonly number[], texts: readonly string[]): Chunk {
  return { number: lines[0] ?? 0, key: newIdempotencyKey(), tried: false, lines, texts };
}
