import { type ApiError, mayBeKept } from "../../api/apiError";
import { longestUnderWay, RENEWAL } from "../../api/exchange";
import { newIdempotencyKey } from "../strings/idempotencyKey";
import type { Batch, Chunk } from "./batch";
import type { Batches } from "./batches";
import { bytesOf } from "./pieces";

/** Stands for the attempts of an older page, which noted none. */
const UNKNOWN = "unknown";

/**
 * One tab's attempts to send a chunk that this tab, or another, may have tried before.
 *
 * Under the chunk's key all attempts are one request: an answer that accepts it is true for all. A refusal is true for
 * all only if no other attempt was or can be accepted, as by a server with another limit: lines under a new key would be
 * stored twice. So the chunk keeps an attempt's id until an answer says that this attempt has kept nothing.
 */
export class Attempts {
  private readonly batches: Batches;
  private readonly batch: Batch;
  /** The attempt under way. */
  private current = "";
  private startedAt = 0;
  private notedAt = 0;
  /** The last of this tab's attempts that may have been accepted: the earlier ones ended before it. */
  private unsure = "";
  /** This tab's attempts that the chunk need not keep any longer. */
  private readonly done = new Set<string>();
  /** When an attempt of another tab was first seen, or one of this tab's given up. */
  private readonly seen = new Map<string, number>();

  constructor(batches: Batches, batch: Batch) {
    this.batches = batches;
    this.batch = batch;
  }

  /** Notes an attempt, before it is made, at what may have been tried before; returns null if that is settled. */
  async begin(chunk: Chunk): Promise<Chunk | null> {
    const mine = newIdempotencyKey();
    const next = await this.note(chunk, (open) => [...open, mine]);
    return next && this.began(next);
  }

  /** Returns a chunk whose last attempt was noted, which is now made. */
  began(chunk: Chunk): Chunk {
    this.current = chunk.attempts?.at(-1) ?? "";
    this.startedAt = this.notedAt = performance.now();
    for (const id of this.open(chunk)) if (!this.seen.has(id)) this.seen.set(id, this.startedAt);
    return chunk;
  }

  /** Notes that the attempt still moves, under another id, which others then see for the first time. */
  renew(chunk: Chunk): void {
    if (performance.now() < this.notedAt + RENEWAL) return;
    this.notedAt = performance.now();
    const [before, mine] = [this.current, newIdempotencyKey()];
    this.current = mine;
    const renewed = (open: readonly string[]) => {
      const others = open.filter((id) => id !== before);
      return this.done.has(mine) ? others : [...others, mine];
    };
    // if the storage fails, the earlier id stays
    this.note(chunk, renewed).then(
      () => this.done.add(before),
      () => undefined,
    );
  }

  /** Notes that the attempt has failed for now. */
  async failed(chunk: Chunk, fault: ApiError): Promise<void> {
    if (mayBeKept(fault)) {
      this.done.add(this.unsure);
      this.unsure = this.current;
      this.seen.set(this.current, performance.now());
    } else {
      this.done.add(this.current);
      await this.note(chunk, (open) => open);
    }
  }

  /**
   * Returns the chunk if a final refusal of this tab's attempt is true for all attempts. If it is not, takes the attempt
   * back, so that another tab's refusal can be, and returns null.
   */
  async refused({ number, key }: Chunk): Promise<Chunk | "settled" | null> {
    this.done.add(this.current);
    for (;;) {
      const now = await this.batches.chunk(number);
      if (now?.key !== key) return "settled";
      const open = this.open(now);
      if (this.areOver(now, open)) return now;
      if (await this.batches.claim(this.batch, now, { chunks: [{ ...now, attempts: open }] })) return null;
    }
  }

  /** Whether no other attempt is noted that may have been accepted, or may yet be. */
  isOnly(chunk: Chunk): boolean {
    return this.open(chunk).length === 0;
  }

  /** Changes the noted attempts, of those that are open; returns null if the chunk is settled. */
  private async note(
    { number, key }: Chunk,
    change: (open: readonly string[]) => readonly string[],
  ): Promise<Chunk | null> {
    for (;;) {
      const now = await this.batches.chunk(number);
      if (now?.key !== key) return null;
      const next: Chunk = { ...now, attempts: change(this.open(now)) };
      if (await this.batches.claim(this.batch, now, { chunks: [next] })) return next;
    }
  }

  /** The attempts that may have been accepted, or may yet be. */
  private open({ tried, attempts }: Chunk): readonly string[] {
    return (attempts ?? (tried ? [UNKNOWN] : [])).filter((id) => !this.done.has(id));
  }

  /** Whether these attempts had ended before the last one began: the service then knew what it had accepted. */
  private areOver(chunk: Chunk, attempts: readonly string[]): boolean {
    const longest = longestUnderWay(bytesOf(chunk));
    const isOver = (id: string) =>
      (this.seen.get(id) ?? Number.POSITIVE_INFINITY) + longest <= this.startedAt;
    return attempts.every(isOver);
  }
}
