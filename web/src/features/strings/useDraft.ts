import { useCallback, useSyncExternalStore } from "react";

const PREFIX = "ix-dummies:draft:";

/** What the browser did not save, because it denies storage or has no room: kept while the page is open. */
const unsaved = new Map<string, string>();
const listeners = new Set<() => void>();

/** A field's text, kept until it is sent over other views and, if the browser saves it, over reloads; per tab. */
export function useDraft(name: string): [string, (text: string) => void] {
  // also when another part of the page forgets it, because it has been sent
  const read = () => readDraft(name);
  const text = useSyncExternalStore(subscribe, read, read);
  const change = useCallback((next: string) => saveDraft(name, next), [name]);
  return [text, change];
}

/** Returns the kept text, or an empty one. */
export function readDraft(name: string): string {
  try {
    return unsaved.get(name) ?? sessionStorage.getItem(PREFIX + name) ?? "";
  } catch {
    return "";
  }
}

/** Keeps a text, or nothing if it is empty. */
export function saveDraft(name: string, text: string): void {
  try {
    // also before it is replaced: an older draft must not reappear in place of one that cannot be saved
    sessionStorage.removeItem(PREFIX + name);
    if (text !== "") sessionStorage.setItem(PREFIX + name, text);
    unsaved.delete(name);
  } catch {
    if (text === "") unsaved.delete(name);
    else unsaved.set(name, text);
  }
  window.removeEventListener("beforeunload", askToStay);
  if (unsaved.size > 0) window.addEventListener("beforeunload", askToStay);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function askToStay(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
