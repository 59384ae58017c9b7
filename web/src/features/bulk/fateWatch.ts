import { ApiError } from "../../api/apiError";
import type { Schema } from "../../api/schema";
import { askStatus } from "../strings/api/askStatus";
import type { Fate, Outcome } from "./batch";
import type { Batches } from "./batches";
import type { Progress } from "./progress";
import { isSameFate } from "./storage";

/** Milliseconds between two questions for strings that seem to wait: after a rollback the counts say so for ever. */
const PATIENCE = 10_000;

/** Asks what became of accepted strings; of each chunk no more once all of its strings are stored. */
export class FateWatch {
  private readonly batches: Batches;
  private looking = false;
  private overdueAt = performance.now() + PATIENCE;
  /** What the pipeline said when strings that are failed or gone were last asked for, by outcome. */
  private readonly asked = new Map<number, { seen: string; settled: number | null; at: number }>();

  constructor(batches: Batches) {
    this.batches = batches;
  }

  /** Asks, one by one, for those that may have changed; not while it does so already. */
  async look(progress: Progress, pipeline: Schema<"Pipeline">, signal: AbortSignal): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    // a retry takes strings from the failed ones; a journal or a table that was restored may bring others back
    const settled = pipeline.settled_total;
    const seen = `${progress.batch.id} ${pipeline.failed} ${pipeline.set_back?.at}`;
    try {
      for (const outcome of progress.outcomes) {
        if (outcome.fate?.stored === outcome.accepted || this.isKnown(outcome, seen, settled)) continue;
        if (!haveLeft(outcome, pipeline) && !this.isOverdue()) continue;
        const fate = await this.fateOf(outcome, signal);
        if (!fate) continue;
        if (!isSameFate(fate, outcome.fate)) await this.batches.noteFate(progress.batch, outcome, fate);
        if (waitingOf({ ...outcome, fate }) > 0) continue;
        this.asked.set(outcome.number, { seen, settled, at: performance.now() });
      }
    } catch (error) {
      // the service, the storage, or the end of the visit: the next look asks again, and the page says what is up
      if (!(error instanceof ApiError || error instanceof DOMException)) throw error;
    } finally {
      this.looking = false;
    }
  }

  /** Whether nothing has changed since, or too little time has passed to ask because others were settled: as many may have failed. */
  private isKnown({ number }: Outcome, seen: string, settled: number | null): boolean {
    const asked = this.asked.get(number);
    if (asked?.seen !== seen) return false;
    return asked.settled === settled || performance.now() < asked.at + PATIENCE;
  }

  /** Whether it is time to ask for strings that have not left the journal, as far as its counts say. */
  private isOverdue(): boolean {
    const now = performance.now();
    if (now < this.overdueAt) return false;
    this.overdueAt = now + PATIENCE;
    return true;
  }

  private async fateOf({ number }: Outcome, signal: AbortSignal): Promise<Fate | null> {
    const receipt = await this.batches.receipt(number);
    const summary = receipt && (await askStatus(receipt.ids, { signal }));
    // without the database no one knows how many are stored
    return summary && summary.unavailable === 0 && countIn(summary) === receipt.ids.length
      ? fateIn(summary)
      : null;
  }
}

/** The number of strings that an answer is about. */
function countIn({ queued, stored, failed, not_found: gone }: Schema<"StatusSummary">): number {
  return stored < 0 || queued < 0 ? Number.NaN : queued + stored + failed.length + gone.length;
}

function fateIn({ stored, failed, not_found: gone }: Schema<"StatusSummary">): Fate {
  return { stored, failed: failed.length, gone: gone.length };
}

/** How many accepted strings are neither stored nor failed nor gone, as far as it is known. */
function waitingOf({ accepted, fate }: Outcome): number {
  return fate ? accepted - fate.stored - fate.failed - fate.gone : accepted;
}

/** Whether its strings have left the journal, but for those that are set aside. */
function haveLeft({ acceptedTotal }: Outcome, pipeline: Schema<"Pipeline">): boolean {
  const { settled_total: settled, set_aside: setAside, waiting } = pipeline;
  return waiting === 0 || (settled !== null && settled + (setAside ?? 0) >= acceptedTotal);
}
