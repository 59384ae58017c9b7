import { ApiError } from "../../api/apiError";
import type { Schema } from "../../api/schema";

export type VerdictName =
  | "asking"
  | "through"
  | "unsure"
  | "databaseAway"
  | "workersAway"
  | "journalSetBack"
  | "journalFull"
  | "journalVolatile"
  | "journalAway"
  | "noAnswer";

/**
 * Whether strings get through: `wait` means accepted but not stored yet, `stop` that they stay in the browser, or that
 * some were lost.
 */
export type Verdict = {
  name: VerdictName;
  tone: "neutral" | "good" | "wait" | "stop";
  /** Strings that wait in the journal, where known. */
  waiting: number;
  /** Seconds until they are stored, where known. */
  drainSeconds: number | null;
};

const TONES: Record<VerdictName, Verdict["tone"]> = {
  asking: "neutral",
  through: "good",
  unsure: "neutral",
  databaseAway: "wait",
  workersAway: "wait",
  journalSetBack: "stop",
  journalFull: "stop",
  journalVolatile: "stop",
  journalAway: "stop",
  noAnswer: "stop",
};

/** Puts the latest answer, or the error that came instead of it, in one word. */
export function judge(pipeline: Schema<"Pipeline"> | undefined, error: Error | null): Verdict {
  if (error) return verdict(nameOfError(error));
  if (!pipeline) return verdict("asking");
  return verdict(nameOf(pipeline), pipeline.waiting ?? 0, pipeline.drain_seconds);
}

function nameOf(pipeline: Schema<"Pipeline">): VerdictName {
  const { accepting, journal, database, workers, set_back: setBack, volatile } = pipeline;
  if (journal.status === "away") return "journalAway";
  if (!accepting) return volatile ? "journalVolatile" : "journalFull";
  if (setBack) return "journalSetBack";
  if (database.status === "away") return "databaseAway";
  if (workers.status === "away") return "workersAway";
  return database.status === "up" && workers.status === "up" ? "through" : "unsure";
}

function nameOfError(error: Error): VerdictName {
  return error instanceof ApiError && error.trouble.code === "journal-away" ? "journalAway" : "noAnswer";
}

function verdict(name: VerdictName, waiting = 0, drainSeconds: number | null = null): Verdict {
  return { name, tone: TONES[name], waiting, drainSeconds };
}
