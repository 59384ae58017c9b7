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
 * All times are milliseconds as this page's performance.now() has them. Another tab's mean nothing here, and the device's
 * clock may jump: a note counts from when this tab first saw it.
 */
export class AttemptNotes {
  private readonly storage: KeyValueStorage;
  private readonly tab = newIdempotencyKey();
  private readonly seen = new Map<string, number>();

  constructor(storage: KeyValueStorage) {
    this.storage = storage;
  }

  /** Notes when this tab's last such attempt was known to be under way; `NEVER` takes the note back. */
  note(key: string, at: number): void {
    const name = `${PREFIX}${key}:${this.tab}`;
    try {
      if (at === NEVER) this.storage.removeItem(name);
      else this.storage.setItem(name, `${at}`);
    } catch {
      // full: the string is sent all the same, and another tab judges by its own attempts alone
    }
  }

  /** Returns when the newest note of another tab was first seen, or `NEVER`. */
  latestElsewhere(key: string): number {
    const others = this.names(key).filter((name) => !name.endsWith(this.tab));
    return Math.max(NEVER, ...others.map((name) => this.firstSeen(`${name} ${this.storage.getItem(name)}`)));
  }

  /** Forgets all tabs' notes of a string whose state is known. */
  forget(key: string): void {
    for (const name of this.names(key)) this.storage.removeItem(name);
  }

  /** Forgets the notes of strings that are no longer to be sent. */
  keepOnly(isUnsent: (key: string) => boolean): void {
    for (const name of this.names()) {
      const [key = ""] = name.slice(PREFIX.length).split(":");
      if (!isUnsent(key)) this.storage.removeItem(name);
    }
  }

  private firstSeen(note: string): number {
    const at = this.seen.get(note) ?? performance.now();
    this.seen.set(note, at);
    return at;
  }

  private names(key = ""): string[] {
    const names = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
    return names.filter((name) => name?.startsWith(PREFIX + key)) as string[];
  }
}
