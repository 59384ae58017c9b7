import { ApiError } from "../../api/apiError";
import type { Schema } from "../../api/schema";

export type VerdictName =
  | "asking"
  | "through"
  | "unsure"
  | "databaseUnavailable"
  | "workersUnavailable"
  | "journalSetBack"
  | "journalFull"
  | "journalVolatile"
  | "journalUnavailable"
  | "noAnswer";

/**
 * Whether strings get through; `tone` is `wait` if they are accepted but not stored yet, `stop` if they stay in the
 * browser or some were lost.
 */
export type Verdict = {
  name: VerdictName;
  tone: "neutral" | "good" | "wait" | "stop";
  /** The strings waiting in the journal; 0 if unknown. */
  waiting: number;
  /** Seconds until they are stored; null if unknown. */
  drainSeconds: number | null;
};

const TONES: Record<VerdictName, Verdict["tone"]> = {
  asking: "neutral",
  through: "good",
  unsure: "neutral",
  databaseUnavailable: "wait",
  workersUnavailable: "wait",
  journalSetBack: "stop",
  journalFull: "stop",
  journalVolatile: "stop",
  journalUnavailable: "stop",
  noAnswer: "stop",
};

/** Judges the latest response, or the error received instead. */
export function judge(pipeline: Schema<"Pipeline"> | undefined, error: Error | null): Verdict {
  if (error) return verdict(nameOfError(error));
  if (!pipeline) return verdict("asking");
  return verdict(nameOf(pipeline), pipeline.waiting ?? 0, pipeline.drain_seconds);
}

function nameOf(pipeline: Schema<"Pipeline">): VerdictName {
  const { accepting, journal, database, workers, set_back: setBack, volatile } = pipeline;
  if (journal.status === "away") return "journalUnavailable";
  if (!accepting) return volatile ? "journalVolatile" : "journalFull";
  if (setBack) return "journalSetBack";
  if (database.status === "away") return "databaseUnavailable";
  if (workers.status === "away") return "workersUnavailable";
  return database.status === "up" && workers.status === "up" ? "through" : "unsure";
}

function nameOfError(error: Error): VerdictName {
  return error instanceof ApiError && error.trouble.code === "journal-away"
    ? "journalUnavailable"
    : "noAnswer";
}

function verdict(name: VerdictName, waiting = 0, drainSeconds: number | null = null): Verdict {
  return { name, tone: TONES[name], waiting, drainSeconds };
}
