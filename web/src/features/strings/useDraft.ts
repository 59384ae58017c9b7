import { useCallback, useState } from "react";

const PREFIX = "ix-dummies:draft:";

/**
 * A field's text, saved over reloads until it is sent; per tab, so that tabs do not overwrite each other.
 *
 * The last value is whether it is saved: the browser may deny storage, or have no room for it.
 */
export function useDraft(name: string): [string, (text: string) => void, boolean] {
  const [draft, setDraft] = useState(() => ({ text: readDraft(name), saved: true }));
  const change = useCallback((text: string) => setDraft({ text, saved: saveDraft(name, text) }), [name]);
  return [draft.text, change, draft.saved];
}

/** Returns the saved text, or an empty one. */
export function readDraft(name: string): string {
  try {
    return sessionStorage.getItem(PREFIX + name) ?? "";
  } catch {
    return "";
  }
}

/** Saves a text, or nothing if it is empty; returns false if it cannot be saved: the field still has it. */
export function saveDraft(name: string, text: string): boolean {
  try {
    if (text === "") sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, text);
    return true;
  } catch {
    discard(PREFIX + name);
    return false;
  }
}

/** An older draft must not reappear in place of one that could not be saved. */
function discard(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // storage is denied: there is no older draft
  }
}
