import { jittered } from "../timing/jitter";

/** Milliseconds after which it is asked again whether a token is needed: an operator may have opened reading. */
const ASKED_AGAIN = 15_000;
/** public/early.js reads it as well. */
const KEY = "ix-dummies:read-token";

/** What the reader is asked for: nothing, or a token; `wrong` is the one that was refused. */
type Asked = { readonly wrong: string | null } | null;

/** The token that the browser does not keep: it lasts until the page is closed. */
let unsaved: string | null = null;
let asked: Asked = null;
const listeners = new Set<() => void>();

/** The token for reading, saved for this tab only; null as long as the service has asked for none. */
export function savedReadToken(): string | null {
  try {
    return sessionStorage.getItem(KEY) ?? unsaved;
  } catch {
    return unsaved;
  }
}

export const readTokenAsked = (): Asked => asked;

export function subscribeReadToken(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function enterReadToken(next: string): void {
  save(next);
  tell(null);
}

/** Notes that a text cannot be the token. */
export function refuseReadToken(wrong: string): void {
  tell({ wrong });
}

/** Notes that something was read without a token. */
export function noteOpenReading(): void {
  if (asked !== null && savedReadToken() === null) tell(null);
}

/**
 * Asks for the token, and waits until there is another one than this, which was refused, or until none may be needed;
 * rejects with the signal's reason.
 */
export function anotherReadToken(refused: string | null, signal?: AbortSignal): Promise<void> {
  const token = savedReadToken();
  if (token !== null && token !== refused) return Promise.resolve();
  save(null);
  if (asked === null || refused !== null) tell({ wrong: refused });
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      unsubscribe();
      signal?.removeEventListener("abort", abandon);
      settle();
    };
    const timer = setTimeout(() => end(resolve), jittered(0.8, 1.2) * ASKED_AGAIN);
    const unsubscribe = subscribeReadToken(
      () => (savedReadToken() !== null || asked === null) && end(resolve),
    );
    const abandon = () => end(() => reject(signal?.reason));
    if (signal?.aborted) abandon();
    signal?.addEventListener("abort", abandon);
  });
}

function tell(next: Asked): void {
  asked = next;
  for (const listener of listeners) listener();
}

function save(next: string | null): void {
  unsaved = null;
  try {
    if (next === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, next);
  } catch {
    unsaved = next;
  }
}
