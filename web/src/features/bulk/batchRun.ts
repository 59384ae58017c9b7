import { ApiError, isTooLarge, pageError, type Trouble } from "../../api/apiError";
import { namedDelay } from "../../api/reachability";
import type { Schema } from "../../api/schema";
import { retryDelay } from "../../timing/retryDelay";
import { idsUnder, type missingOf } from "../strings/kept";
import { Attempts } from "./attempts";
import { acceptedLines, type Batch, type Chunk } from "./batch";
import type { Batches } from "./batches";
import { bytesOf, firstPiece, PieceSize } from "./pieces";
import { toSend } from "./progress";
import { RateMeter } from "./rateMeter";
import { afterRefusal, withoutKept } from "./refusal";

const MAX_CONCURRENT = 2;

/** Sends a chunk, calls `onMoved` meanwhile, and `onUploaded` before it is answered. */
export type Send = (
  chunk: Chunk,
  onUploaded: () => void,
  onMoved: () => void,
) => Promise<Schema<"BulkAccepted">>;
/** What the sending shows: what it waits for, and strings accepted per second. */
export type RunState = { trouble: Trouble | null; perSecond: number | null };

/** Sends one batch's chunks, two concurrently, until nothing of it is to be sent now. */
export class BatchRun {
  private readonly batches: Batches;
  private readonly batch: Batch;
  private readonly send: Send;
  private readonly missingOf: typeof missingOf;
  private readonly show: (state: RunState) => void;
  private readonly inFlight = new Set<number>();
  private readonly sleepers = new Set<() => void>();
  private readonly rate = new RateMeter();
  private readonly size = new PieceSize();
  private due = 0;
  /** The time that a Retry-After named. */
  private notBefore = 0;
  private over = false;

  constructor(
    batches: Batches,
    batch: Batch,
    send: Send,
    asked: typeof missingOf,
    show: (state: RunState) => void,
  ) {
    this.batches = batches;
    this.batch = batch;
    this.send = send;
    this.missingOf = asked;
    this.show = show;
  }

  /** Resolves also while a request has no answer yet, if the batch is gone or was left; rejects if storage fails. */
  async all(): Promise<void> {
    let unsubscribe = () => {};
    await new Promise<void>((resolve, reject) => {
      let loops = 0;
      // a chunk that has been split is work for another loop
      const keepOn = () => {
        if (this.remaining().length === 0) this.wake();
        for (; loops < MAX_CONCURRENT && this.next() !== undefined; loops++)
          this.sendOneByOne().then(() => {
            loops--;
            keepOn();
          }, reject);
        if (loops === 0 || this.isOver()) resolve();
      };
      unsubscribe = this.batches.subscribe(keepOn);
      keepOn();
    }).finally(() => {
      unsubscribe();
      this.over = true;
      this.wake();
    });
  }

  /** Retries without waiting any longer, but not before the time that a Retry-After named. */
  tryNow(): void {
    this.due = this.notBefore;
    this.wake();
  }

  private wake(): void {
    for (const wake of this.sleepers) wake();
  }

  /** Whether this run has ended, though late answers to its requests still count. */
  private isOver(): boolean {
    const batch = this.batches.progress()?.batch;
    this.over ||= batch?.id !== this.batch.id || batch.intent === "leave";
    return this.over;
  }

  private remaining(): readonly number[] {
    const progress = this.batches.progress();
    return progress && !this.isOver() ? toSend(progress) : [];
  }

  private next(): number | undefined {
    return this.remaining().find((number) => !this.inFlight.has(number));
  }

  private async sendOneByOne(): Promise<void> {
    for (let number = this.next(); number !== undefined; number = this.next()) {
      this.inFlight.add(number);
      await this.sendChunk(number).finally(() => this.inFlight.delete(number as number));
    }
  }

  private async sendChunk(number: number): Promise<void> {
    const own = new Attempts(this.batches, this.batch);
    for (let attempts = 1; ; attempts++) {
      await this.waitUntilDue();
      const chunk = this.remaining().includes(number) ? await this.claimed(number, own) : null;
      const fault = chunk && (await this.attempt(chunk, own));
      if (!chunk || !fault) return;
      if (!fault.transient && (await this.refuse(chunk, fault, own))) return;
      await own.failed(chunk, fault);
      if (fault.trouble.code === "timed-out") this.size.timedOut();
      this.notBefore = Math.max(this.notBefore, performance.now() + namedDelay(fault));
      this.postpone(retryDelay(attempts, fault.retryAfter), fault.trouble);
    }
  }

  /** Returns a chunk whose lines and key are fixed, and whose attempt is noted; null if another tab was faster. */
  private async claimed(number: number, own: Attempts): Promise<Chunk | null> {
    const chunk = await this.batches.chunk(number);
    if (chunk?.tried) return own.begin(chunk);
    const chunks = chunk && firstPiece(chunk, this.size.current());
    if (chunks && (await this.batches.claim(this.batch, chunk, { chunks }))) return own.began(chunks[0]);
    await this.batches.reload();
    return null;
  }

  /** Sends a chunk once; returns the error if it was not accepted. */
  private async attempt(chunk: Chunk, own: Attempts): Promise<ApiError | null> {
    const startedAt = performance.now();
    let uploadedAt = Number.POSITIVE_INFINITY;
    const onUploaded = () => {
      uploadedAt = performance.now();
    };
    const onMoved = () => own.renew(chunk);
    const answer = await this.send(chunk, onUploaded, onMoved).catch((error: unknown) => error);
    if (!isAnswerTo(chunk, answer))
      return answer instanceof ApiError ? answer : pageError("unexpected-answer");
    const answeredAt = performance.now();
    const uploaded = Math.min(uploadedAt, answeredAt) - startedAt;
    this.size.took(bytesOf(chunk), uploaded, answeredAt - startedAt);
    await this.settle(chunk, answer.ids, answer.accepted_total);
    return null;
  }

  private async settle(chunk: Chunk, ids: readonly string[], acceptedTotal: number): Promise<void> {
    const settled = acceptedLines(chunk, ids, acceptedTotal);
    if (await this.batches.settle(this.batch, chunk, { chunks: [], settled })) this.rate.count(ids.length);
    if (!this.isOver()) this.show({ trouble: null, perSecond: this.rate.perSecond() });
  }

  /** Does what a final refusal asks for; returns false if it says nothing about an attempt that may be accepted. */
  private async refuse(chunk: Chunk, fault: ApiError, own: Attempts): Promise<boolean> {
    const next = afterRefusal(chunk, fault);
    if (!next) {
      // which says that something is kept under the key
      if (fault.trouble.code !== "key-reused") await own.failed(chunk, fault);
      // unless another tab's attempt was answered meanwhile
      const current = await this.batches.chunk(chunk.number);
      if (current?.key === chunk.key) await this.batches.stop(this.batch, fault.trouble);
      return true;
    }
    for (;;) {
      const refused = await own.refused(chunk);
      if (refused === null) return false;
      if (refused === "settled") return true;
      const kept = isTooLarge(fault.trouble) ? await this.kept(refused, own) : [];
      if (!kept) return false;
      const to = kept.length > 0 ? withoutKept(chunk, kept) : next;
      if (!(await this.batches.refuse(this.batch, refused, to))) continue;
      if (isTooLarge(fault.trouble)) this.size.tooLarge(bytesOf(chunk));
      return true;
    }
  }

  /**
   * Returns the id of each of a chunk's lines that the service has though it was refused for its size, undefined for the
   * others, and nothing if it has none; null if no one knows. Without a token for reading, it has none if no other attempt
   * is noted.
   */
  private async kept(chunk: Chunk, own: Attempts): Promise<readonly (string | undefined)[] | null> {
    const ids = idsUnder(chunk.key, chunk.texts);
    try {
      const missing = await this.missingOf(ids);
      if (!missing || missing.length === ids.length) return missing && [];
      const gone = new Set(missing);
      return ids.map((id) => (gone.has(id) ? undefined : id));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error.trouble.code === "reader-only" && own.isOnly(chunk) ? [] : null;
    }
  }

  /** Postpones both loops: what fails for one fails for the other. */
  private postpone(delay: number, trouble: Trouble): void {
    this.due = Math.max(this.due, performance.now() + delay);
    if (!this.isOver()) this.show({ trouble, perSecond: this.rate.perSecond() });
  }

  private async waitUntilDue(): Promise<void> {
    while (this.remaining().length > 0 && this.due > performance.now()) {
      let wake = () => {};
      const slept = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const timer = setTimeout(wake, this.due - performance.now());
      this.sleepers.add(wake);
      await slept;
      this.sleepers.delete(wake);
      clearTimeout(timer);
    }
  }
}

/** Whether this is the service's answer to the chunk: a proxy's, or a part of it, says nothing about its lines. */
function isAnswerTo({ texts }: Chunk, answer: unknown): answer is Schema<"BulkAccepted"> {
  const { ids, count } = (answer ?? {}) as Partial<Schema<"BulkAccepted">>;
  return count === texts.length && Array.isArray(ids) && ids.length === count && new Set(ids).size === count;
}
