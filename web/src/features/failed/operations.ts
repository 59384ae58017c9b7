import { runWholeGroup } from "./groupRun";
import { runOneByOne } from "./oneByOne";
import { type Job, NOTHING_DONE, type Operation, type Reports, type Tally } from "./operation";
import { faultOf } from "./retries";

const KEY = "ix-dummies:failed-operation";

/** The tab's one operation on dead letters: goes on whichever view is open, and is kept until it is dismissed. */
export class Operations {
  private operation: Operation | null = saved();
  private abort = new AbortController();
  private readonly listeners = new Set<() => void>();

  readonly snapshot = (): Operation | null => this.operation;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Begins, or continues after a tally; does nothing while another operation is running. */
  async start(job: Job, token: string, before: Tally = NOTHING_DONE): Promise<void> {
    if (this.operation?.phase === "running") return;
    this.abort = new AbortController();
    const { signal } = this.abort;
    window.addEventListener("beforeunload", askToStay);
    this.set({ job, tally: before, phase: "running", stopping: false, waitsFor: null });
    try {
      await run(job, before, token, this.reports(signal));
      this.end(signal.aborted && this.operation?.tally.left !== 0 ? "stopped" : "complete");
    } catch (error) {
      this.end(faultOf(error).trouble);
    }
  }

  /** Starts no further requests. */
  stop(): void {
    this.change({ stopping: true });
    this.abort.abort();
  }

  dismiss(): void {
    if (this.operation?.phase === "ended") this.set(null);
  }

  private reports(signal: AbortSignal): Reports {
    return {
      signal,
      onJob: (job) => this.change({ job }),
      onTally: (tally) => this.change({ tally, waitsFor: null }),
      onWaiting: (waitsFor) => this.change({ waitsFor }),
    };
  }

  private change(changes: Partial<Extract<Operation, { phase: "running" }>>): void {
    if (this.operation?.phase === "running") this.set({ ...this.operation, ...changes });
  }

  private end(end: Extract<Operation, { phase: "ended" }>["end"]): void {
    window.removeEventListener("beforeunload", askToStay);
    if (this.operation)
      this.set({ job: this.operation.job, tally: this.operation.tally, phase: "ended", end });
  }

  private set(operation: Operation | null): void {
    this.operation = operation;
    save(operation);
    for (const listener of this.listeners) listener();
  }
}

/** The page's. */
export const operations = new Operations();

function run(job: Job, before: Tally, token: string, reports: Reports): Promise<void> {
  const { target } = job;
  return "ids" in target
    ? runOneByOne({ ...job, ...target }, before, token, reports)
    : runWholeGroup({ ...job, target }, before, token, reports);
}

function askToStay(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** What was running when the page was closed or reloaded has ended, with what was known of it. */
function saved(): Operation | null {
  try {
    const operation: Operation | null = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    if (operation?.phase !== "running") return operation;
    const { job, tally } = operation;
    return { job, tally: { ...tally, exact: false }, phase: "ended", end: "reloaded" };
  } catch {
    return null;
  }
}

function save(operation: Operation | null): void {
  try {
    if (operation) sessionStorage.setItem(KEY, JSON.stringify(operation));
    else sessionStorage.removeItem(KEY);
  } catch {
    // it is known until the page is closed
  }
}
