import { ApiError, pageError, type Trouble } from "../../api/apiError";
import type { Schema } from "../../api/schema";
import { LAST_RETRY, retryDelay } from "../../timing/retryDelay";
import { type Chunk, LISTED, type Outcome } from "./batch";
import type { Batches } from "./batches";
import { RateMeter } from "./rateMeter";
import { withoutRefused } from "./refusal";

const MAX_CONCURRENT = 2;
const LOCK = "ix-dummies:batch";

type Send = (chunk: Chunk) => Promise<Schema<"BulkAccepted">>;
/** The state of sending in this tab; `elsewhere` if another tab sends the batch. */
export type Sending = { elsewhere: boolean; trouble: Trouble | null; perSecond: number | null };

const IDLE: Sending = { elsewhere: false, trouble: null, perSecond: null };

/** Sends a batch's chunks, two concurrently, until each is accepted or refused; in one tab at a time. */
export class Sender {
  private readonly batches: Batches;
  private readonly send: Send;
  private sending: Sending = IDLE;
  private readonly listeners = new Set<() => void>();
  private readonly inFlight = new Set<number>();
  private running = false;
  private due = 0;
  private readonly sleepers = new Set<() => void>();
  private rate = new RateMeter();

  constructor(batches: Batches, send: Send) {
    this.batches = batches;
    this.send = send;
  }

  readonly snapshot = (): Sending => this.sending;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Sends this batch and later ones for as long as the page is open. */
  start(): void {
    this.batches.subscribe(() => {
      if (!this.wanted()) this.wake();
      this.startSending();
    });
    void this.batches.reload();
  }

  /** Retries without waiting any longer. */
  tryNow(): void {
    this.due = 0;
    this.wake();
  }

  private wake(): void {
    for (const wake of this.sleepers) wake();
  }

  private wanted(): boolean {
    const state = this.batches.snapshot();
    if (!state.known || !state.progress) return false;
    return state.progress.batch.intent === "send" && state.progress.pending.length > 0;
  }

  private startSending(): void {
    if (this.running || !this.wanted()) return;
    this.running = true;
    const restart = () => {
      this.running = false;
      this.startSending();
    };
    // if the browser's storage fails, the same chunks are sent again later, under the same keys
    this.sendWithLock().then(restart, () => setTimeout(restart, LAST_RETRY));
  }

  private async sendWithLock(): Promise<void> {
    // Pages at http://<address> have no locks. Two tabs may then both send, under the same keys: only time is lost.
    if (!navigator.locks) return this.sendAll();
    const mine = await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
      if (lock) await this.sendAll();
      return lock !== null;
    });
    if (mine) return;
    this.show({ ...IDLE, elsewhere: true });
    await navigator.locks.request(LOCK, () => this.sendAll());
  }

  private async sendAll(): Promise<void> {
    await this.batches.reload();
    this.rate = new RateMeter();
    this.due = 0;
    this.show(IDLE);
    await Promise.all(Array.from({ length: MAX_CONCURRENT }, () => this.sendOneByOne()));
    this.show(IDLE);
  }

  private async sendOneByOne(): Promise<void> {
    for (let number = this.next(); number !== undefined; number = this.next()) {
      this.inFlight.add(number);
      await this.sendChunk(number).finally(() => this.inFlight.delete(number));
    }
  }

  private next(): number | undefined {
    const state = this.batches.snapshot();
    if (!this.wanted() || !state.known) return undefined;
    return state.progress?.pending.find((number) => !this.inFlight.has(number));
  }

  private async sendChunk(number: number): Promise<void> {
    for (let attempts = 0; ; ) {
      await this.waitUntilDue();
      const chunk = this.wanted() ? await this.batches.chunk(number) : undefined;
      if (!chunk) return;
      const fault = await this.attempt(chunk);
      if (!fault) return;
      if (fault.transient) this.postpone(retryDelay(++attempts, fault.retryAfter), fault.trouble);
      else await this.leaveOut(chunk, fault);
    }
  }

  /** Sends a chunk once; returns the error if it was not accepted. */
  private async attempt(chunk: Chunk): Promise<ApiError | null> {
    const { number, lines, refused } = chunk;
    const refusal = { refused: refused.slice(0, LISTED), refusedCount: refused.length };
    let outcome: Outcome = { number, accepted: 0, ...refusal, acceptedTotal: 0 };
    let ids: string[] = [];
    if (chunk.texts.length > 0) {
      try {
        const answer = await this.send(chunk);
        ids = answer.ids;
        outcome = { ...outcome, accepted: answer.count, acceptedTotal: answer.accepted_total };
      } catch (error) {
        return error instanceof ApiError ? error : pageError("unexpected-answer");
      }
    }
    this.rate.count(outcome.accepted);
    this.show({ ...IDLE, perSecond: this.rate.perSecond() });
    await this.batches.finishChunk(outcome, { number, lines, ids, refused });
    return null;
  }

  private async leaveOut(chunk: Chunk, fault: ApiError): Promise<void> {
    const left = withoutRefused(chunk, fault);
    if (left) await this.batches.replaceChunk(left);
    else await this.batches.stop(fault.trouble);
  }

  /** Postpones both loops: what fails for one fails for the other. */
  private postpone(delay: number, trouble: Trouble): void {
    this.due = Math.max(this.due, Date.now() + delay);
    this.show({ ...this.sending, trouble });
  }

  private async waitUntilDue(): Promise<void> {
    while (this.wanted() && this.due > Date.now()) {
      let wake = () => {};
      const slept = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const timer = setTimeout(wake, this.due - Date.now());
      this.sleepers.add(wake);
      await slept;
      this.sleepers.delete(wake);
      clearTimeout(timer);
    }
  }

  private show(sending: Sending): void {
    this.sending = sending;
    for (const listener of this.listeners) listener();
  }
}
