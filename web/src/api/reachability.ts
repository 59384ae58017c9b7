import { LAST_RETRY, LONGEST_WAIT, retryDelay } from "../timing/retryDelay";
import type { ApiError } from "./apiError";

/**
 * What a request found: nothing that answers, no answers under the name that the page uses, a service that takes nothing
 * from pages at this address, or a journal that takes nothing.
 */
export type Outage =
  | "no-answer"
  | "unknown-host"
  | "foreign-origin"
  | "journal-away"
  | "journal-full"
  | "journal-volatile";
/**
 * `checked`: whether the pipeline's state has been read since the service last did not answer; `batchDelayed`: whether
 * lines of this browser's batch were not accepted at the last attempt.
 */
export type Reach = {
  readonly outage: Outage | null;
  readonly checked: boolean;
  readonly batchDelayed: boolean;
};

const OUTAGES: Readonly<Record<string, Outage>> = {
  unreachable: "no-answer",
  "timed-out": "no-answer",
  "api-away": "no-answer",
  "unknown-host": "unknown-host",
  "foreign-origin": "foreign-origin",
  "journal-away": "journal-away",
  "journal-full": "journal-full",
  "journal-volatile": "journal-volatile",
};

/** Milliseconds in which whatever waits is sent again: then this says once more that the service refuses it. */
const RETRIED_WITHIN = LONGEST_WAIT + LAST_RETRY;

/** Returns what an error says to be down; null if it is about the request alone. */
export function outageOf(trouble: { code: string }): Outage | null {
  return Object.hasOwn(OUTAGES, trouble.code) ? (OUTAGES[trouble.code] ?? null) : null;
}

/** Returns how long the service wants not to be asked, in milliseconds: even "Try now" waits for that. */
export function namedDelay({ trouble, retryAfter }: ApiError): number {
  // while nothing answers, a proxy names the time: it does not know when the service is back
  return outageOf(trouble) === "no-answer" ? 0 : Math.min(retryAfter ?? 0, LONGEST_WAIT);
}

/**
 * What is up, as the latest request of any kind found it: the one source for every statement about it.
 *
 * While nothing answers only the pipeline is polled, and whatever waits is woken by the first answer.
 */
export class Reachability {
  private reach: Reach = { outage: null, checked: true, batchDelayed: false };
  private answers = 0;
  /** How many answers there were when an outage was noted last. */
  private answersAtOutage = 0;
  private refusedAt = 0;
  /** How often what waits was woken in a row, and when it may be again. */
  private wakes = 0;
  private nextWake = Number.NEGATIVE_INFINITY;
  private readonly listeners = new Set<() => void>();
  private readonly sleepers = new Set<() => void>();

  readonly snapshot = (): Reach => this.reach;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Has `wake` called whenever it is worth trying again without waiting any longer; returns a function that ends it. */
  readonly onWake = (wake: () => void): (() => void) => {
    this.sleepers.add(wake);
    return () => this.sleepers.delete(wake);
  };

  /** Has everything that waits try now, except before the time that a Retry-After named. */
  readonly wake = (): void => {
    for (const wake of this.sleepers) wake();
  };

  /**
   * Call when it seems that the service is up again: wakes what waits. If what was woken meets the next outage, again and
   * again, it may itself be what ends without an answer: then this wakes it less and less often.
   */
  readonly recovered = (): void => {
    const now = performance.now();
    if (now < this.nextWake) return;
    this.wakes = now < this.nextWake + LAST_RETRY ? this.wakes + 1 : 1;
    this.nextWake = now + retryDelay(this.wakes, null);
    this.wake();
  };

  /** Call before a request; returns what `note` and `noteCheck` need. */
  begin(): number {
    return this.answers;
  }

  /** Notes what became of a request: null if it succeeded. `writes`: it asked for a change. */
  note(begun: number, error: ApiError | null, writes = false): void {
    // a proxy's: about this request, which it may refuse for what is in it
    if (error?.trouble.code === "unexpected-answer") return;
    const outage = error?.transient ? outageOf(error.trouble) : null;
    if (outage !== "no-answer") this.answers++;
    // a request may be stuck while others are answered
    else if (error?.trouble.code === "timed-out" && this.answers > begun) return;
    if (outage) this.begins(outage);
    else if (this.isOver(writes && !error?.transient)) {
      this.set({ outage: null });
      this.recovered();
    }
  }

  /**
   * Notes that the pipeline's state was read by a request that began then: from now on that says what is up, unless a
   * later request has met an outage. But anyone may read: whether this page may write, only a write tells, and until the
   * next one must have come this believes the last one.
   */
  noteCheck(begun: number): void {
    if (begun < this.answersAtOutage) return;
    const refused =
      this.reach.outage === "foreign-origin" && performance.now() < this.refusedAt + RETRIED_WITHIN;
    const outage = refused ? this.reach.outage : null;
    if (this.reach.outage !== outage || !this.reach.checked) this.set({ outage, checked: true });
  }

  /** Notes that the pipeline's state could not be read: what answers even that is not the service. */
  noteFailedCheck({ trouble }: ApiError): void {
    if (trouble.code === "unexpected-answer") this.begins("no-answer");
  }

  /** Notes whether this browser's batch waits to be sent again. */
  noteBatch(batchDelayed: boolean): void {
    if (this.reach.batchDelayed !== batchDelayed) this.set({ batchDelayed });
  }

  private begins(outage: Outage): void {
    this.answersAtOutage = this.answers;
    if (outage === "foreign-origin") this.refusedAt = performance.now();
    this.set({ outage, checked: this.reach.checked && outage !== "no-answer" });
  }

  private isOver(written: boolean): boolean {
    const { outage } = this.reach;
    return outage === "no-answer" || (written && outage === "foreign-origin");
  }

  private set(change: Partial<Reach>): void {
    this.reach = { ...this.reach, ...change };
    for (const listener of this.listeners) listener();
  }
}

export const reachability = new Reachability();

/** Wakes what waits when the browser or the reader comes back; returns a function that ends it. */
export function watchBrowser(): () => void {
  const onVisible = () => document.visibilityState === "visible" && reachability.wake();
  window.addEventListener("online", reachability.wake);
  // a device without a network may still reach a service on its own
  window.addEventListener("offline", reachability.wake);
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    window.removeEventListener("online", reachability.wake);
    window.removeEventListener("offline", reachability.wake);
    document.removeEventListener("visibilitychange", onVisible);
  };
}
