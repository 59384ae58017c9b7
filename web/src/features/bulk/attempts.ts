import { type ApiError, isTooLarge, mayBeKept } from "../../api/apiError";
import { SILENCE, SLOWEST_LINE } from "../../api/exchange";
import { newIdempotencyKey } from "../strings/idempotencyKey";
import type { Batch, Chunk } from "./batch";
import type { Batches } from "./batches";
import { bytesOf } from "./pieces";

/** Stands for the attempts of an older page, which noted none. */
const UNKNOWN = "unknown";

/**
 * One tab's attempts to send a chunk that other tabs may attempt to send, too.
 *
 * Under the chunk's key they are one request: an answer that accepts it is true for all. A refusal is true for all only
 * if no other attempt was or can be accepted, as by a server with another limit: lines under a new key would be stored
 * twice.
 */
export class Attempts {
  private readonly batches: Batches;
  private readonly batch: Batch;
  private mine = "";
  /** Whether one of this tab's attempts may have been accepted. */
  private unsure = false;
  private startedAt = 0;
  /** When the attempts of other tabs were first seen. */
  private readonly seen = new Map<string, number>();

  constructor(batches: Batches, batch: Batch) {
    this.batches = batches;
    this.batch = batch;
  }

  /** Notes an attempt, before it is made, at what may have been tried before; returns null if that is settled. */
  async begin(chunk: Chunk): Promise<Chunk | null> {
    const mine = newIdempotencyKey();
    let now: Chunk | undefined = chunk;
    while (now?.key === chunk.key) {
      const next: Chunk = { ...now, attempts: [...this.others(now), mine] };
      if (await this.batches.claim(this.batch, now, { chunks: [next] })) return this.began(next);
      now = await this.batches.chunk(chunk.number);
    }
    return null;
  }

  /** Returns a chunk whose last attempt was noted, which is now made. */
  began(chunk: Chunk): Chunk {
    this.mine = chunk.attempts?.at(-1) ?? "";
    this.startedAt = performance.now();
    for (const id of this.others(chunk)) if (!this.seen.has(id)) this.seen.set(id, this.startedAt);
    return chunk;
  }

  /** Notes that an attempt has failed for now. */
  failed(fault: ApiError): void {
    this.unsure ||= mayBeKept(fault);
  }

  /**
   * Returns the chunk if a final refusal of this tab's attempt is true for all attempts. If it is not, takes the attempt
   * back, so that another tab's refusal can be, and returns null.
   */
  async refused({ number, key }: Chunk, fault: ApiError): Promise<Chunk | "settled" | null> {
    for (;;) {
      const now = await this.batches.chunk(number);
      if (now?.key !== key) return "settled";
      const others = this.others(now);
      if (isTooLarge(fault.trouble) ? !this.unsure && others.length === 0 : this.areOver(now, others))
        return now;
      // a server refuses what is too large also if it was accepted before
      if (this.unsure && isTooLarge(fault.trouble)) return null;
      if (await this.batches.claim(this.batch, now, { chunks: [{ ...now, attempts: others }] })) return null;
    }
  }

  private others({ tried, attempts }: Chunk): readonly string[] {
    return (attempts ?? (tried ? [UNKNOWN] : [])).filter((id) => id !== this.mine);
  }

  /**
   * Whether attempts of other tabs had most likely ended before the last one began: the service then knew what it had
   * accepted.
   */
  private areOver(chunk: Chunk, others: readonly string[]): boolean {
    // with locks one tab sends at a time; only the request of one that was just closed may still be on its way
    if (navigator.locks) return true;
    const longest = SILENCE + (bytesOf(chunk) / SLOWEST_LINE) * 1000;
    const isOver = (id: string) =>
      (this.seen.get(id) ?? Number.POSITIVE_INFINITY) + longest <= this.startedAt;
    return others.every(isOver);
  }
}
