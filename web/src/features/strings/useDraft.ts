import { useCallback, useState } from "react";

const PREFIX = "ix-dummies:draft:";

/** A field's text, kept over reloads until it is sent; for each tab its own, so that two do not write over each other. */
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

/** Where the browser keeps nothing, or not that much, the field still has the text. */
function keep(key: string, text: string): void {
  try {
    if (text === "") sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    discard(key);
  }
}

/** An older draft must not come back in place of one that could not be kept. */
function discard(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // nothing is kept here at all
  }
}
