import { ApiError, isTooLarge, mayBeKept, pageError } from "../../api/apiError";
import { namedDelay, reachability } from "../../api/reachability";
import type { Schema } from "../../api/schema";
import { retryDelay } from "../../timing/retryDelay";
import { accepted, delayed, type ItemIn, refused } from "./item";
import type { StringStore } from "./store";

/** Each tab sends its own strings; another takes one over after this many milliseconds without news of it. */
export const TAKEOVER_DELAY = 30_000;
/** Browsers open six connections to a host: bulk sends on two, and reads must get through. */
const MAX_CONCURRENT = 2;

type Unsent = ItemIn<"sending">;
export type Send = (item: Unsent) => Promise<Schema<"Accepted">>;
/** `notBefore` is the time that a Retry-After named; `unsure` is whether the service may have the string already. */
type Plan = { attempts: number; due: number; notBefore: number; unsure: boolean };

/**
 * Sends each unsent string until it is accepted or refused, always under the key it was saved with.
 *
 * TanStack Query's retries stop in a hidden tab and end with the page; strings have to outlast both.
 */
export class Outbox {
  private readonly store: StringStore;
  private readonly send: Send;
  private readonly plans = new Map<string, Plan>();
  private readonly inFlight = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;

  constructor(store: StringStore, send: Send) {
    this.store = store;
    this.send = send;
  }

  /** Sends strings now and whenever one is added; returns a function that stops it. */
  start(): () => void {
    this.running = true;
    const unsubscribe = this.store.subscribe(this.pump);
    const sleepOn = reachability.onWake(this.tryNow);
    this.pump();
    return () => {
      this.running = false;
      unsubscribe();
      sleepOn();
      clearTimeout(this.timer);
    };
  }

  /** Sends what waits only because earlier attempts failed. */
  private readonly tryNow = (): void => {
    for (const plan of this.plans.values()) plan.due = plan.notBefore;
    this.pump();
  };

  /** Sends the strings that are due, oldest first, and sets a timer for the next one. */
  private readonly pump = (): void => {
    if (!this.running) return;
    clearTimeout(this.timer);
    const unsent = this.store.snapshot().filter((item): item is Unsent => item.state === "sending");
    let next = Number.POSITIVE_INFINITY;
    for (const item of unsent.reverse()) {
      if (this.inFlight.has(item.key)) continue;
      const due = this.dueAt(item.key);
      if (due > performance.now()) next = Math.min(next, due);
      else if (this.inFlight.size < MAX_CONCURRENT) void this.attempt(item);
    }
    // Strings above the concurrency limit need no timer: every finished attempt calls pump.
    if (Number.isFinite(next)) this.timer = setTimeout(this.pump, next - performance.now());
  };

  private dueAt(key: string): number {
    const heardAt = this.store.heardAt(key);
    return Math.max(this.plans.get(key)?.due ?? 0, heardAt === undefined ? 0 : heardAt + TAKEOVER_DELAY);
  }

  private async attempt(item: Unsent): Promise<void> {
    this.inFlight.add(item.key);
    const outcome = await this.send(item).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ fault: error instanceof ApiError ? error : pageError("unexpected-answer") }),
    );
    this.inFlight.delete(item.key);
    // the plan is updated before the store, because the store's listener calls pump
    if ("answer" in outcome) {
      this.plans.delete(item.key);
      this.change(item, (current) => accepted(current, outcome.answer));
    } else if (outcome.fault.transient || this.decidesNothing(item, outcome.fault)) {
      this.planNext(item, outcome.fault);
      this.change(item, (current) => delayed(current, outcome.fault.trouble));
    } else {
      this.plans.delete(item.key);
      this.change(item, (current) => refused(current, outcome.fault.trouble));
    }
    this.pump();
  }

  private change(item: Unsent, change: Parameters<StringStore["update"]>[0]): void {
    this.store.update((current) => (current.key === item.key ? change(current) : current));
  }

  /** Whether a final error is not the service's, or says nothing about an earlier attempt that may have been accepted. */
  private decidesNothing(item: Unsent, { trouble }: ApiError): boolean {
    return trouble.code === "unexpected-answer" || (isTooLarge(trouble) && this.isUnsure(item));
  }

  private isUnsure({ key, triedAt }: Unsent): boolean {
    return this.plans.get(key)?.unsure ?? (triedAt > 0 || !this.store.isNew(key));
  }

  private planNext(item: Unsent, fault: ApiError): void {
    const attempts = (this.plans.get(item.key)?.attempts ?? 0) + 1;
    const due = performance.now() + retryDelay(attempts, fault.retryAfter);
    const notBefore = performance.now() + namedDelay(fault);
    this.plans.set(item.key, { attempts, due, notBefore, unsure: this.isUnsure(item) || mayBeKept(fault) });
  }
}
