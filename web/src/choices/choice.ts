const PREFIX = "ix-dummies:";

/** What the reader chose at an earlier visit; null without a choice, or where the browser keeps nothing. */
export function keptChoice(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Keeps a choice for the next visit; where the browser keeps nothing, it holds until the page is closed. */
export function keepChoice(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // the choice is not worth a complaint
  }
}
