import { AttemptNotes } from "./attemptNotes";
import { newIdempotencyKey } from "./idempotencyKey";
import { type Common, type Item, isBehind, isFinal, isOnlyHere, parseItem, unsent } from "./item";
import type { KeyValueStorage } from "./storage";

/** The most strings that are saved; those that only this browser has are never dropped. */
export const MAX_KEPT = 200;

// One entry per string, so that two tabs never overwrite each other's list. The number is the format's version.
const PREFIX = "ix-dummies:string:1:";

export type AddFault = "storage-full" | "too-many-unsent";

/** This browser's strings, newest first, saved as they change and shared between tabs. */
export class StringStore {
  private readonly storage: KeyValueStorage;
  private items: readonly Item[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly heardFromOtherTab = new Map<string, number>();
  /** Strings that were cleared here: a tab that did not know yet may write them once more. */
  private readonly cleared = new Set<string>();

  private readonly created = new Set<string>();

  readonly attempts: AttemptNotes;

  /** Resolves once a string may be sent. */
  written: (item: Item) => Promise<void> = async () => {};

  constructor(storage: KeyValueStorage) {
    this.storage = storage;
    this.attempts = new AttemptNotes(storage);
    this.load();
    this.attempts.keepOnly((key) => this.saved(key)?.state === "sending");
  }

  readonly snapshot = (): readonly Item[] => this.items;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Saves a new string under a new idempotency key; returns null, or why it could not be saved. */
  add(text: string): AddFault | null {
    if (this.items.filter(isOnlyHere).length >= MAX_KEPT) return "too-many-unsent";
    const createdAt = Math.max(Date.now(), (this.items[0]?.createdAt ?? 0) + 1);
    const item = unsent({ key: newIdempotencyKey(), text, createdAt });
    this.makeRoom();
    if (!this.save(item)) return "storage-full";
    this.created.add(item.key);
    this.replace([item, ...this.items]);
    return null;
  }

  /** Takes in, to be sent again under their keys, the strings that neither this page nor the storage has. */
  restore(strings: readonly Common[]): void {
    for (const string of strings) {
      const { key } = string;
      const known = this.cleared.has(key) || this.items.some((item) => item.key === key);
      if (known || this.storage.getItem(PREFIX + key) !== null) continue;
      this.makeRoom();
      const item = unsent(string);
      this.save(item);
      this.replace(newestFirst([item, ...this.items]));
    }
  }

  /** Applies a change to every string; returns whether any of them changed. */
  update(change: (item: Item) => Item): boolean {
    const before = this.items;
    const after = before.map((item) => {
      const next = change(item);
      return next === item ? item : this.merge(item, next);
    });
    if (after.every((item, index) => item === before[index])) return false;
    // saving may have dropped others to make room
    const kept = new Set(this.items);
    this.replace(after.filter((item, index) => item !== null && kept.has(before[index] as Item)) as Item[]);
    return true;
  }

  clearFinished(): void {
    for (const item of this.items) {
      if (!isFinal(item)) continue;
      this.storage.removeItem(PREFIX + item.key);
      this.cleared.add(item.key);
    }
    this.replace(this.items.filter((item) => !isFinal(item)));
  }

  /** Whether this page created the string: an earlier one, or another tab, may have sent it before. */
  isNew(key: string): boolean {
    return this.created.has(key);
  }

  /** When another tab last wrote this string, in milliseconds as performance.now() has them. */
  heardAt(key: string): number | undefined {
    return this.heardFromOtherTab.get(key);
  }

  /** Whether another tab has saved that it is not to be sent, although the news of that may not be here yet. */
  isSettledElsewhere(key: string): boolean {
    const saved = this.saved(key);
    if (saved === null || saved.state === "sending") return false;
    this.hear(key, saved);
    return true;
  }

  /** Applies what other tabs write; returns a function that stops it. */
  followOtherTabs(): () => void {
    const onStorage = ({ key: name }: StorageEvent) => {
      const key = name?.startsWith(PREFIX) ? name.slice(PREFIX.length) : null;
      if (name === null) this.reload();
      // not the event's value: this tab may have written since
      else if (key !== null) this.hear(key, this.saved(key));
    };
    window.addEventListener("storage", onStorage);
    return () => window.removeEventListener("storage", onStorage);
  }

  private saved(key: string): Item | null {
    return parseItem(this.storage.getItem(PREFIX + key));
  }

  private hear(key: string, heard: Item | null): void {
    if (heard && this.cleared.has(key)) {
      this.storage.removeItem(PREFIX + key);
      return;
    }
    const others = this.items.filter((item) => item.key !== key);
    const known = this.items.find((item) => item.key === key);
    if (heard && known && isBehind(heard, known)) {
      // the other tab did not know yet how far it is, and overwrote that
      this.save(known);
      this.replace(this.items);
      return;
    }
    if (heard?.state !== "sending") this.heardFromOtherTab.delete(key);
    // a string that this tab created or loaded remains its own to send
    else if (!known || this.heardFromOtherTab.has(key)) this.heardFromOtherTab.set(key, performance.now());
    this.replace(heard ? newestFirst([heard, ...others]) : others);
  }

  private load(): void {
    const found: Item[] = [];
    for (const name of this.names()) {
      const item = parseItem(this.storage.getItem(name));
      if (item) found.push(item);
      else this.storage.removeItem(name);
    }
    this.replace(newestFirst(found));
  }

  /** Reads what is left when the site's data were cleared; strings that only this page has are saved again. */
  private reload(): void {
    const known = this.items;
    this.load();
    const left = new Set(this.items.map(({ key }) => key));
    const lost = known.filter((item) => isOnlyHere(item) && !left.has(item.key));
    for (const item of lost) this.save(item);
    this.replace(newestFirst([...this.items, ...lost]));
  }

  private names(): string[] {
    const names = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
    return names.filter((name) => name?.startsWith(PREFIX)) as string[];
  }

  /** Drops the oldest strings above the limit: finished ones first, then accepted ones (safe in the journal). */
  private makeRoom(): void {
    while (this.items.length >= MAX_KEPT) {
      const safe = this.items.filter((item) => !isOnlyHere(item));
      const oldest = safe.findLast(isFinal) ?? safe.at(-1);
      if (!oldest) return;
      this.forget(oldest);
    }
  }

  /**
   * Saves a changed string unless another tab has seen it further already; returns the state that holds, or null if it
   * was cleared. One that waits to be sent is not: if it is not there, the site's data were cleared.
   */
  private merge(before: Item, item: Item): Item | null {
    const saved = this.saved(item.key);
    if (saved === null && before.state !== "sending") return null;
    if (saved !== null && isBehind(item, saved)) return saved;
    // A change that cannot be saved is harmless: the old entry leads to the same state at the next visit.
    this.save(item);
    return item;
  }

  /**
   * Saves an entry; when the browser's quota is reached, drops finished strings, the oldest first, if that makes room. The
   * caller tells the listeners.
   */
  private save(item: Item): boolean {
    const droppable = this.items.filter(
      (other) => isFinal(other) && !isOnlyHere(other) && other.key !== item.key,
    );
    const dropped = new Map<Item, string | null>();
    while (!this.write(item.key, JSON.stringify(item))) {
      const oldest = droppable.pop();
      if (!oldest) {
        // as they were: one may have changed since, here or in another tab
        for (const [{ key }, json] of dropped) if (json !== null) this.write(key, json);
        return false;
      }
      dropped.set(oldest, this.storage.getItem(PREFIX + oldest.key));
      this.storage.removeItem(PREFIX + oldest.key);
    }
    this.items = this.items.filter((other) => !dropped.has(other));
    return true;
  }

  /** Writes an entry; returns false if the browser's quota is reached. */
  private write(key: string, json: string): boolean {
    try {
      this.storage.setItem(PREFIX + key, json);
      return true;
    } catch {
      return false;
    }
  }

  private forget(item: Item): void {
    this.storage.removeItem(PREFIX + item.key);
    this.replace(this.items.filter((other) => other !== item));
  }

  private replace(items: readonly Item[]): void {
    this.items = items;
    for (const listener of this.listeners) listener();
  }
}

function newestFirst(items: readonly Item[]): readonly Item[] {
  return [...items].sort((a, b) => b.createdAt - a.createdAt || (a.key < b.key ? 1 : -1));
}
