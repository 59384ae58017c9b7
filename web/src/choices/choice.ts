const PREFIX = "ix-dummies:";

/** The reader's choice from an earlier visit; null if there is none or the browser denies storage. */
export function savedChoice(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Saves a choice for the next visit; if the browser denies storage, it lasts until the page is closed. */
export function saveChoice(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // not worth an error message
  }
}
