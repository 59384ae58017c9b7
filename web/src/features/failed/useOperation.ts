import { useEffect, useRef, useState } from "react";
import { ApiError, type Trouble } from "../../api/apiError";
import { discardFailed, retryFailed } from "./api/failed";
import { collectIds, type Tally, workThrough } from "./operation";

export type Kind = "retry" | "discard";

export type Operation =
  | { phase: "idle" }
  | { phase: "collecting"; kind: Kind; found: number }
  | { phase: "confirming"; kind: Kind; ids: readonly string[] }
  | { phase: "working"; kind: Kind; count: number; tally: Tally; stopping: boolean }
  | { phase: "finished"; kind: Kind; count: number; tally: Tally; trouble: Trouble | null };

const IDLE: Operation = { phase: "idle" };
const NONE: Tally = { done: 0, byOthers: 0, refused: 0 };

/** Retries or discards dead letters, one operation at a time; more than a single retry needs confirmation. */
export function useOperation(token: string, onFinished: () => void) {
  const [operation, setOperation] = useState<Operation>(IDLE);
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);

  function newSignal(): AbortSignal {
    running.current = new AbortController();
    return running.current.signal;
  }

  function finish(kind: Kind, count: number, tally: Tally, trouble: Trouble | null = null) {
    setOperation({ phase: "finished", kind, count, tally, trouble });
    onFinished();
  }

  async function work(kind: Kind, ids: readonly string[], reason: string) {
    const signal = newSignal();
    let latest = NONE;
    const onProgress = (tally: Tally) => {
      latest = tally;
      setOperation({ phase: "working", kind, count: ids.length, tally, stopping: signal.aborted });
    };
    onProgress(NONE);
    const act = (id: string) =>
      kind === "retry" ? retryFailed(token, id) : discardFailed(token, id, reason);
    try {
      finish(kind, ids.length, await workThrough(ids, act, { signal, onProgress }));
    } catch (error) {
      finish(kind, ids.length, latest, troubleOf(error));
    }
  }

  async function collect(kind: Kind, query: string) {
    const signal = newSignal();
    const onProgress = (found: number) => setOperation({ phase: "collecting", kind, found });
    onProgress(0);
    try {
      const ids = await collectIds(token, query, signal, onProgress);
      if (signal.aborted) return;
      setOperation(ids.length > 0 ? { phase: "confirming", kind, ids } : IDLE);
    } catch (error) {
      if (!signal.aborted) finish(kind, 0, NONE, troubleOf(error));
    }
  }

  return {
    operation,
    /** Starts the retry of a single string; everything else is to be confirmed first. */
    begin: (kind: Kind, ids: readonly string[]) => {
      if (kind === "retry" && ids.length === 1) void work(kind, ids, "");
      else setOperation({ phase: "confirming", kind, ids });
    },
    beginAll: (kind: Kind, query: string) => void collect(kind, query),
    confirm: (reason: string) => {
      if (operation.phase === "confirming") void work(operation.kind, operation.ids, reason);
    },
    /** Starts no further requests; those in flight finish. */
    stop: () => {
      running.current?.abort();
      setOperation((now) => (now.phase === "working" ? { ...now, stopping: true } : IDLE));
    },
    dismiss: () => setOperation((now) => (now.phase === "working" ? now : IDLE)),
  };
}

/** The number of strings that have been handled, with whatever outcome. */
export function through({ done, byOthers, refused }: Tally): number {
  return done + byOthers + refused;
}

function troubleOf(error: unknown): Trouble {
  return error instanceof ApiError ? error.trouble : { code: "unexpected-answer", detail: "" };
}
