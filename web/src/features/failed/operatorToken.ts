const KEY = "ix-dummies:operator-token";

/** The operator's token, kept for this tab only. */
export function keptToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function keepToken(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // it holds until the view is left
  }
}

/** What a header cannot carry is no token of anybody's. */
export function canBeToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
