import { newIdempotencyKey } from "./idempotencyKey";
import type { KeyValueStorage } from "./storage";

// One entry per string and tab, so that two tabs never overwrite each other's. The number is the format's version.
const PREFIX = "ix-dummies:attempt:1:";

/** A time before all others: of an attempt that there never was. */
export const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Notes, for other tabs, of the strings that this one may have brought to the service without knowing it. While such an
 * attempt can still be under way, a refusal that another tab gets of the same string says nothing about it.
 *
 * All times are milliseconds as this page's performance.now() has them.
 */
export class AttemptNotes {
  private readonly storage: KeyValueStorage;
  private readonly tab = newIdempotencyKey();

  constructor(storage: KeyValueStorage) {
    this.storage = storage;
  }

  /** Notes when this tab's last such attempt was known to be under way; `NEVER` takes the note back. */
  note(key: string, at: number): void {
    const name = `${PREFIX}${key}:${this.tab}`;
    try {
      if (at === NEVER) this.storage.removeItem(name);
      else this.storage.setItem(name, `${Date.now() - performance.now() + at}`);
    } catch {
      // full: the string is sent all the same, and another tab judges by its own attempts alone
    }
  }

  /** Returns when another tab's last such attempt was known to be under way, or `NEVER`. */
  latestElsewhere(key: string): number {
    const others = this.names(key).filter((name) => !name.endsWith(this.tab));
    const times = others.map((name) => Number(this.storage.getItem(name)) || 0);
    // the device's clock may have been set back since
    return Math.max(NEVER, ...times.map((time) => performance.now() - Math.max(0, Date.now() - time)));
  }

  /** Forgets all tabs' notes of a string whose state is known. */
  forget(key: string): void {
    for (const name of this.names(key)) this.storage.removeItem(name);
  }

  /** Forgets the notes of strings that are gone. */
  keepOnly(isKept: (key: string) => boolean): void {
    for (const name of this.names()) {
      const [key = ""] = name.slice(PREFIX.length).split(":");
      if (!isKept(key)) this.storage.removeItem(name);
    }
  }

  private names(key = ""): string[] {
    const names = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
    return names.filter((name) => name?.startsWith(PREFIX + key)) as string[];
  }
}
