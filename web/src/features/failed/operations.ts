import { tabsChannel } from "../../choices/tabsChannel";
import { newIdempotencyKey } from "../strings/idempotencyKey";
import { runWholeGroup } from "./groupRun";
import { OneByOne } from "./oneByOne";
import { type Job, NOTHING_DONE, type Operation, type Reports, type Tally } from "./operation";
import { faultOf } from "./retries";

const KEY = "ix-dummies:failed-operation";

/** Between the browser's tabs: "is it running?", or "it is running here". */
type Message = { id: string; running: boolean };

/** The tab's one operation on dead letters: goes on whichever view is open, and is kept until it is dismissed. */
export class Operations {
  private operation: Operation | null = saved();
  private abort = new AbortController();
  private readonly listeners = new Set<() => void>();
  private readonly tabs = tabsChannel(KEY);

  constructor() {
    if (this.tabs) this.tabs.onmessage = ({ data }) => this.hear(data);
    const { operation } = this;
    if (operation && isInterrupted(operation)) this.tell({ id: operation.id, running: false });
  }

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
    const id = newIdempotencyKey();
    this.set({ id, job, tally: before, phase: "running", stopping: false, waitsFor: null });
    try {
      this.end(await run(job, before, token, this.reports(signal)));
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
    if (!this.operation) return;
    const { id, job, tally } = this.operation;
    this.set({ id, job, tally, phase: "ended", end });
  }

  /** A duplicate of a tab begins with a copy of its operation, which may be running on in the original. */
  private hear({ id, running }: Message): void {
    if (this.operation?.id !== id) return;
    if (running && isInterrupted(this.operation)) this.set(null);
    if (!running && this.operation.phase === "running") this.tell({ id, running: true });
  }

  private tell(message: Message): void {
    this.tabs?.postMessage(message);
  }

  private set(operation: Operation | null): void {
    this.operation = operation;
    save(operation);
    for (const listener of this.listeners) listener();
  }
}

/** The page's. */
export const operations = new Operations();

function run(job: Job, before: Tally, token: string, reports: Reports): Promise<"complete" | "stopped"> {
  const { target } = job;
  return "ids" in target
    ? new OneByOne({ ...job, ...target }, before, token, reports).run()
    : runWholeGroup({ ...job, target }, before, token, reports);
}

function isInterrupted(operation: Operation): boolean {
  return operation.phase === "ended" && operation.end === "interrupted";
}

function askToStay(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** What was running when the page was closed or reloaded has been interrupted, with what was known of it. */
function saved(): Operation | null {
  try {
    const operation: Operation | null = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    if (operation?.phase !== "running") return operation;
    const { id, job, tally } = operation;
    return { id, job, tally: { ...tally, exact: false }, phase: "ended", end: "interrupted" };
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
