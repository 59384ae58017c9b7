import { useCallback, useState } from "react";

const PREFIX = "ix-dummies:draft:";

/** A field's text, saved over reloads until it is sent; per tab, so that tabs do not overwrite each other. */
export function useDraft(name: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => read(PREFIX + name));
  const change = useCallback(
    (next: string) => {
      setText(next);
      keep(PREFIX + name, next);
    },
    [name],
  );
  return [text, change];
}

function read(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** If it cannot be saved, the field still has the text. */
function keep(key: string, text: string): void {
  try {
    if (text === "") sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    discard(key);
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
