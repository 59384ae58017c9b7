const KEY = "ix-dummies:operator-token";

/** The token that the browser did not save: it lasts until the page is closed. */
let unsaved: string | null = null;

/** The operator's token, saved for this tab only. */
export function savedToken(): string | null {
  try {
    return unsaved ?? sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function saveToken(token: string | null): void {
  unsaved = null;
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    unsaved = token;
  }
}

/** Whether an HTTP header can carry the text; otherwise it cannot be the token. */
export function canBeToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
