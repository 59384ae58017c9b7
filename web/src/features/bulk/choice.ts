import { newIdempotencyKey } from "../strings/idempotencyKey";
import { type How, MAX_FILE_BYTES, type Reading, readLines, type Source } from "./readLines";

const WHOLE: How = { encoding: "utf-8", column: null };

export type SourceFault = "too-big" | "several" | "unreadable" | "nothing" | "surrogate";

export type Step =
  | { step: "choose"; fault: SourceFault | null }
  | { step: "reading"; source: Source; part: number }
  /** The lines become a batch with this id, however often that is tried; `saving` while it is being tried. */
  | { step: "read"; source: Source; how: How; reading: Reading; batch: string; saving: boolean };

/** What this tab is about to send, from the source to its lines; kept while the page is open, whatever it shows. */
export class Choice {
  private current: Step = { step: "choose", fault: null };
  private running: AbortController | null = null;
  private readonly listeners = new Set<() => void>();

  readonly snapshot = (): Step => this.current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** `batch` is the id under which the same lines may have been sent before. */
  read(source: Source, how = WHOLE, batch = newIdempotencyKey()): void {
    if (source.blob.size > MAX_FILE_BYTES) this.reset("too-big");
    else void this.readAll(source, how, batch);
  }

  /** Goes back to the start, with the fault if there is one. */
  reset(fault: SourceFault | null = null): void {
    this.running?.abort();
    this.show({ step: "choose", fault });
  }

  /** Notes that the lines are being saved as a batch: until `work` has found out whether they are, they must not be changed. */
  async saving(work: Promise<void>): Promise<void> {
    const { current } = this;
    if (current.step !== "read") return;
    const saving = { ...current, saving: true };
    this.show(saving);
    await work;
    if (this.current === saving) this.show(current);
  }

  /** Forgets the lines if they became one of these batches. */
  forgetSent(batches: readonly string[]): void {
    if (this.current.step === "read" && batches.includes(this.current.batch)) this.reset();
  }

  private async readAll(source: Source, how: How, batch: string): Promise<void> {
    const abort = new AbortController();
    this.running?.abort();
    this.running = abort;
    const onProgress = (part: number) => this.show({ step: "reading", source, part });
    onProgress(0);
    try {
      const reading = await readLines(source, how, onProgress, abort.signal);
      if (abort.signal.aborted) return;
      if (reading.kind === "lines" && reading.strings + reading.badCount === 0) this.reset("nothing");
      else this.show({ step: "read", source, how, reading, batch, saving: false });
    } catch {
      if (!abort.signal.aborted) this.reset("unreadable");
    }
  }

  private show(step: Step): void {
    this.current = step;
    for (const listener of this.listeners) listener();
  }
}
