import type { Outage } from "../../api/reachability";
import type { Schema } from "../../api/schema";

export type VerdictName =
  | "asking"
  | "through"
  | "setAside"
  | "someFailed"
  | "yoursFailed"
  | "yoursDelayed"
  | "unsure"
  | "paused"
  | "databaseUnavailable"
  | "workersUnavailable"
  | "journalSetBack"
  | "unaccounted"
  | "journalFull"
  | "journalVolatile"
  | "journalUnavailable"
  | "journalPartlyUnavailable"
  | "unknownHost"
  | "foreignOrigin"
  | "noAnswer"
  | "offline";

/**
 * Whether strings get through; `tone` is `wait` if they are accepted but not stored yet or some failed, `stop` if they
 * stay in the browser or some were lost.
 */
export type Verdict = {
  name: VerdictName;
  tone: "neutral" | "good" | "wait" | "stop";
  /** The strings waiting in the journal; 0 if unknown. */
  waiting: number;
  /** Seconds until they are stored; null if unknown. */
  drainSeconds: number | null;
  /** For how many seconds the oldest of them has waited; 0 if unknown. */
  oldestSeconds: number;
  /** Strings that failed; 0 if unknown. */
  failed: number;
  /** Whether what is stored cannot be read. */
  unreadable: boolean;
  /** Since when an operator has paused storing, and why; null if not. */
  paused: Schema<"Paused"> | null;
};

const TONES: Record<VerdictName, Verdict["tone"]> = {
  asking: "neutral",
  through: "good",
  setAside: "wait",
  someFailed: "wait",
  yoursFailed: "wait",
  yoursDelayed: "wait",
  unsure: "neutral",
  paused: "wait",
  databaseUnavailable: "wait",
  workersUnavailable: "wait",
  journalSetBack: "stop",
  unaccounted: "stop",
  journalFull: "stop",
  journalVolatile: "stop",
  journalUnavailable: "stop",
  journalPartlyUnavailable: "wait",
  unknownHost: "stop",
  foreignOrigin: "stop",
  noAnswer: "stop",
  offline: "stop",
};

const OUTAGES: Record<Outage, VerdictName> = {
  "no-answer": "noAnswer",
  "unknown-host": "unknownHost",
  "foreign-origin": "foreignOrigin",
  "journal-away": "journalUnavailable",
  "journal-full": "journalFull",
  "journal-volatile": "journalVolatile",
};

/** The browser's side of the matter: its network, and whether strings sent here failed, or were not accepted yet. */
export type Here = { online: boolean; failed: boolean; delayed: boolean };

/** Judges what requests met last, and else the pipeline's latest state. */
export function judge(
  pipeline: Schema<"Pipeline"> | null,
  outage: Outage | null,
  here: Here = { online: true, failed: false, delayed: false },
): Verdict {
  if (outage) return verdict(outage === "no-answer" && !here.online ? "offline" : OUTAGES[outage]);
  if (!pipeline) return verdict("asking");
  const { waiting, drain_seconds: drainSeconds, oldest_seconds: oldest, failed } = pipeline;
  return {
    ...verdict(nameOf(pipeline, here)),
    waiting: waiting ?? 0,
    drainSeconds,
    oldestSeconds: oldest ?? 0,
    failed: failed ?? 0,
    unreadable: pipeline.database.status === "away",
    paused: pipeline.paused,
  };
}

/** Whether the verdict still says what a request met; what it says nothing about stays true. */
export function confirms({ name }: Verdict, outage: Outage | null): boolean {
  return outage === null || OUTAGES[outage] === name || (outage === "no-answer" && name === "offline");
}

/** Whether the service answers this page; it does while its journal takes no strings. */
export function isAnswered({ name }: Pick<Verdict, "name">): boolean {
  return name !== "noAnswer" && name !== "unknownHost" && name !== "offline";
}

/** Whether strings stay in the browser. */
export function isStuck({ name }: Verdict): boolean {
  return name === "offline" || Object.values(OUTAGES).includes(name);
}

function nameOf(pipeline: Schema<"Pipeline">, here: Here): VerdictName {
  const {
    accepting,
    journal,
    database,
    workers,
    set_back: setBack,
    shards_refusing: refusing = [], // an older API has none
    volatile,
    unaccounted,
    paused,
  } = pipeline;
  if (accepting && (journal.status === "away" || refusing.length > 0)) return "journalPartlyUnavailable";
  if (journal.status === "away") return "journalUnavailable";
  if (!accepting) return volatile ? "journalVolatile" : "journalFull";
  if (setBack) return "journalSetBack";
  if (unaccounted) return "unaccounted";
  if (paused) return "paused";
  if (database.status === "away") return "databaseUnavailable";
  if (workers.status === "away") return "workersUnavailable";
  if (database.status !== "up" || workers.status !== "up") return "unsure";
  if (here.delayed) return "yoursDelayed";
  if (here.failed) return "yoursFailed";
  if (pipeline.failed) return "someFailed";
  return pipeline.set_aside ? "setAside" : "through";
}

function verdict(name: VerdictName): Verdict {
  const unknown = { waiting: 0, drainSeconds: null, oldestSeconds: 0, failed: 0, paused: null };
  return { name, tone: TONES[name], ...unknown, unreadable: !isAnswered({ name }) };
}
