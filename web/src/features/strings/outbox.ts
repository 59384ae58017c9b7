import { ApiError, isTooLarge, mayBeKept, pageError } from "../../api/apiError";
import { longestWait } from "../../api/exchange";
import { namedDelay, reachability } from "../../api/reachability";
import type { Schema } from "../../api/schema";
import { retryDelay } from "../../timing/retryDelay";
import { NEVER } from "./attemptNotes";
import { type Acceptance, accepted, delayed, type ItemIn, refused } from "./item";
import { idUnder, missingOf } from "./kept";
import type { StringStore } from "./store";
import { byteLength } from "./text";

/** Each tab sends its own strings; another takes one over after this many milliseconds without news of it. */
export const TAKEOVER_DELAY = 30_000;
/** Browsers open six connections to a host: bulk sends on two, and reads must get through. */
const MAX_CONCURRENT = 2;

type Unsent = ItemIn<"sending">;
/** Sends a string, and calls `onMoved` whenever a part of it is sent. */
export type Send = (item: Unsent, onMoved: () => void) => Promise<Schema<"Accepted">>;

type Change = Parameters<StringStore["update"]>[0];

type Plan = {
  attempts: number;
  due: number;
  /** The time that a Retry-After named. */
  notBefore: number;
  /** When this tab's last attempt ended that may have been accepted; `NEVER` if there is none. */
  lostAt: number;
  /** The same, with an attempt before this tab's that it knows nothing of. */
  unsureSince: number;
};

/**
 * Sends each unsent string until it is accepted or refused, always under the key it was saved with.
 *
 * TanStack Query's retries stop in a hidden tab and end with the page; strings have to outlast both.
 */
export class Outbox {
  private readonly store: StringStore;
  private readonly send: Send;
  private readonly missingOf: typeof missingOf;
  private readonly plans = new Map<string, Plan>();
  private readonly inFlight = new Set<string>();
  /** How many of these are answered, and looked up. */
  private lookUps = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;

  constructor(store: StringStore, send: Send, asked = missingOf) {
    this.store = store;
    this.send = send;
    this.missingOf = asked;
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
      else if (this.inFlight.size - this.lookUps < MAX_CONCURRENT) void this.attempt(item);
    }
    // Strings above the concurrency limit need no timer: every finished attempt calls pump.
    if (Number.isFinite(next)) this.timer = setTimeout(this.pump, next - performance.now());
  };

  private dueAt(key: string): number {
    const heardAt = this.store.heardAt(key);
    return Math.max(this.plans.get(key)?.due ?? 0, heardAt === undefined ? 0 : heardAt + TAKEOVER_DELAY);
  }

  private async attempt(item: Unsent): Promise<void> {
    if (this.store.isSettledElsewhere(item.key)) return;
    this.inFlight.add(item.key);
    const startedAt = performance.now();
    const unsureSince = this.unsureSince(item);
    const note = () => this.store.attempts.note(item.key, performance.now());
    note();
    const unsure = () => Math.max(unsureSince, this.store.attempts.latestElsewhere(item.key));
    // asked after every error: another tab's note counts from the first look at it
    const isUnsure = () => startedAt < unsure() + longestWait(byteLength(item.text));
    const outcome = await this.send(item, note)
      .catch((error: unknown) => {
        if (isUnsure() || !(error instanceof ApiError && isTooLarge(error.trouble))) throw error;
        return this.lookUp(item, error, unsure() === NEVER);
      })
      .then(
        (answer) => ({ answer }),
        (error: unknown) => ({ fault: error instanceof ApiError ? error : pageError("unexpected-answer") }),
      );
    this.inFlight.delete(item.key);
    // the plan is updated before the store, because the store's listener calls pump
    if ("answer" in outcome) {
      this.settle(item, (current) => accepted(current, outcome.answer));
    } else if (isUnsure() || decidesNothing(outcome.fault)) {
      this.planNext(item, outcome.fault, unsureSince);
      this.change(item, (current) => delayed(current, outcome.fault.trouble));
    } else {
      this.settle(item, (current) => refused(current, outcome.fault.trouble));
    }
    this.pump();
  }

  /**
   * Returns how a string was accepted that is refused for its size; throws the refusal if it was not, as a transient error
   * if no one knows. Without a token for reading it was not, if it was sent once as far as this page knows.
   */
  private async lookUp({ key, text }: Unsent, refusal: ApiError, sentOnce: boolean): Promise<Acceptance> {
    const id = idUnder(key, text);
    this.lookUps++;
    this.pump();
    const missing = await this.missingOf([id]).catch((error: unknown) => {
      const closed = error instanceof ApiError && error.trouble.code === "reader-only";
      return closed && sentOnce ? [id] : null;
    });
    this.lookUps--;
    if (missing?.length === 0) return { id, received_at: "" };
    throw missing ? refusal : new ApiError(refusal.trouble, true);
  }

  private settle(item: Unsent, change: Change): void {
    this.plans.delete(item.key);
    this.change(item, change);
    this.store.attempts.forget(item.key);
  }

  private change(item: Unsent, change: Change): void {
    this.store.update((current) => (current.key === item.key ? change(current) : current));
  }

  private unsureSince({ key, triedAt }: Unsent): number {
    const plan = this.plans.get(key);
    if (plan) return plan.unsureSince;
    return triedAt > 0 || !this.store.isNew(key) ? performance.now() : NEVER;
  }

  private planNext({ key }: Unsent, fault: ApiError, unsureSince: number): void {
    const now = performance.now();
    const plan = this.plans.get(key);
    const lostAt = mayBeKept(fault) ? now : (plan?.lostAt ?? NEVER);
    this.store.attempts.note(key, lostAt);
    const attempts = (plan?.attempts ?? 0) + 1;
    this.plans.set(key, {
      attempts,
      due: now + retryDelay(attempts, fault.retryAfter),
      notBefore: now + namedDelay(fault),
      lostAt,
      unsureSince: Math.max(lostAt, unsureSince),
    });
  }
}

/** Whether an error is not the service's, or says nothing for good. */
function decidesNothing({ transient, trouble }: ApiError): boolean {
  return transient || trouble.code === "unexpected-answer";
}
