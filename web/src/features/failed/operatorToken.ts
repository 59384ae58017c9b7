const KEY = "ix-dummies:operator-token";

/** The operator's token, saved for this tab only. */
export function savedToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function saveToken(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // it lasts until the view is left
  }
}

/** Whether an HTTP header can carry the text; otherwise it cannot be the token. */
export function canBeToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
