import { LAST_RETRY } from "../../timing/retryDelay";
import { missingOf } from "../strings/kept";
import type { Batches } from "./batches";
import { BatchRun, type RunState, type Send } from "./batchRun";
import { toSend } from "./progress";

const LOCK = "ix-dummies:batch";

/** The state of sending in this tab; `elsewhere` if another tab sends the batch. */
export type Sending = RunState & { elsewhere: boolean };

const IDLE: Sending = { elsewhere: false, trouble: null, perSecond: null };

/** Sends this browser's batch whenever something of it is to be sent; in one tab at a time where tabs can agree. */
export class Sender {
  private readonly batches: Batches;
  private readonly send: Send;
  private readonly missingOf: typeof missingOf;
  private sending: Sending = IDLE;
  private run: BatchRun | null = null;
  private readonly listeners = new Set<() => void>();
  private running = false;

  constructor(batches: Batches, send: Send, asked = missingOf) {
    this.batches = batches;
    this.send = send;
    this.missingOf = asked;
  }

  readonly snapshot = (): Sending => this.sending;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Sends this batch and later ones for as long as the page is open. */
  start(): void {
    this.batches.subscribe(() => this.startSending());
    this.batches.onTryNow = () => this.run?.tryNow();
    // if the storage fails, the state says so
    this.batches.reload().catch(() => undefined);
  }

  /** Retries without waiting any longer, in whichever tab it waits. */
  tryNow(): void {
    if (this.run) this.run.tryNow();
    else this.batches.askToTryNow();
  }

  private startSending(): void {
    const progress = this.batches.progress();
    if (this.running || !progress || toSend(progress).length === 0) return;
    this.running = true;
    const restart = () => {
      this.running = false;
      this.startSending();
    };
    // if the browser's storage fails, the same chunks are sent again later, under the same keys
    this.sendWithLock().then(restart, () => setTimeout(restart, LAST_RETRY));
  }

  private async sendWithLock(): Promise<void> {
    const state = this.batches.snapshot();
    // Pages at http://<address> have no locks. Two tabs may then both send, under the same keys: only time is lost.
    if (!navigator.locks || (state.known && state.keeping !== "kept")) return this.sendAll();
    let asked = false;
    const sendIfMine = async (lock: Lock | null) => {
      asked = true;
      if (lock) await this.sendAll();
      else this.show({ ...IDLE, elsewhere: true });
      return lock !== null;
    };
    try {
      const mine = await navigator.locks.request(LOCK, { ifAvailable: true }, sendIfMine);
      if (!mine) await navigator.locks.request(LOCK, sendIfMine);
    } catch (error) {
      if (asked) throw error;
      // the browser denies locks to this page, as it may with storage
      await this.sendAll();
    }
  }

  private async sendAll(): Promise<void> {
    await this.batches.reload();
    const progress = this.batches.progress();
    this.show(IDLE);
    if (!progress) return;
    const run = new BatchRun(this.batches, progress.batch, this.send, this.missingOf, (state) => {
      if (this.run === run) this.show({ ...IDLE, ...state });
    });
    this.run = run;
    await run.all().finally(() => {
      this.run = null;
      this.show(IDLE);
    });
  }

  private show(sending: Sending): void {
    this.sending = sending;
    for (const listener of this.listeners) listener();
  }
}
