import { type ApiError, pageError } from "../../api/apiError";
import { discardFailed, retryFailed } from "./api/failed";
import type { Job, Reports, Tally } from "./operation";
import { faultOf, mayBeDone, waitFor } from "./retries";

const MAX_CONCURRENT = 4;
/** The string is no longer a dead letter, or gone. */
const HANDLED = new Set(["not-failed", "unknown-string"]);
const TOKEN_REFUSED = new Set(["operator-only", "operator-disabled"]);

type Some = Pick<Job, "kind" | "why"> & { ids: readonly string[] };
type Outcome = "done" | "skipped" | "unclear" | "refused";

/** Retries or discards single dead letters, a few concurrently. */
export class OneByOne {
  private readonly job: Some;
  private readonly token: string;
  private readonly reports: Reports;
  private readonly waiting: string[];
  private readonly left: Set<string>;
  /** Those that a request may have done whose answer was lost. */
  private readonly unanswered: Set<string>;
  private tally: Tally;
  private refused: ApiError | null = null;

  constructor(job: Some, before: Tally, token: string, reports: Reports) {
    this.job = job;
    this.token = token;
    this.reports = reports;
    this.waiting = [...job.ids];
    this.left = new Set(job.ids);
    this.unanswered = new Set(before.exact ? [] : job.ids);
    this.tally = { ...before, total: before.total ?? job.ids.length };
  }

  /**
   * Goes on until done or aborted, and returns which; requests in flight finish.
   *
   * Retries transient errors, with backoff. Throws an ApiError if the token is refused.
   */
  async run(): Promise<"complete" | "stopped"> {
    this.report();
    await Promise.all(Array.from({ length: MAX_CONCURRENT }, () => this.workOn()));
    if (this.refused) throw this.refused;
    return this.left.size === 0 ? "complete" : "stopped";
  }

  private async workOn(): Promise<void> {
    const { kind, why } = this.job;
    for (let id = this.waiting.shift(); id !== undefined; id = this.waiting.shift()) {
      const outcome = await this.outcomeOf(id);
      if (outcome === null) return;
      this.left.delete(id);
      this.unanswered.delete(id);
      this.tally = { ...this.tally, [outcome]: this.tally[outcome] + 1 };
      this.reports.onJob({ kind, why, target: { ids: [...this.left] } });
      this.report();
    }
  }

  /** Returns null if aborted, or if the token was refused, before the outcome was known. */
  private async outcomeOf(id: string): Promise<Outcome | null> {
    for (let attempts = 1; !this.reports.signal.aborted && !this.refused; attempts++) {
      try {
        await this.ask(id);
        return "done";
      } catch (error) {
        const fault = faultOf(error);
        if (!fault.transient) return this.refusal(id, fault);
        if (mayBeDone(fault)) {
          this.unanswered.add(id);
          this.report();
        }
        await waitFor(fault, attempts, this.reports);
      }
    }
    return null;
  }

  private refusal(id: string, fault: ApiError): Outcome | null {
    const { code } = fault.trouble;
    if (TOKEN_REFUSED.has(code)) {
      this.refused = fault;
      return null;
    }
    if (!HANDLED.has(code)) return "refused";
    return this.unanswered.has(id) ? "unclear" : "skipped";
  }

  private async ask(id: string): Promise<void> {
    const { kind, why } = this.job;
    if (kind === "discard") return discardFailed(this.token, id, why);
    const accepted = await retryFailed(this.token, id);
    if (accepted.id !== id) throw pageError("unexpected-answer");
  }

  private report(): void {
    this.reports.onTally({ ...this.tally, left: this.left.size, exact: this.unanswered.size === 0 });
  }
}
