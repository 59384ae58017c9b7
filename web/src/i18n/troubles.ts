import { type ApiError, isTooLarge, type Trouble } from "../api/apiError";
import type { Messages } from "./en";

/** Why a string is not accepted yet; the service's own words if the page has none. */
export function delayWords(trouble: Trouble, { delays, delayedBecause }: Messages): string {
  if (isTooLarge(trouble)) return delays["too-large"];
  const { code, detail } = trouble;
  if (has(delays, code)) return delays[code];
  return detail ? delayedBecause(detail) : delays["unexpected-answer"];
}

/** Why a string was refused; the service's own words if the page has none. */
export function refusalWords({ code, detail }: Trouble, { problems, history }: Messages): string {
  return has(problems, code) ? problems[code](detail) : history.refused(detail);
}

/** Why stored strings cannot be read. */
export function readingWords({ trouble, transient }: ApiError, messages: Messages): string {
  const { troubles, refused } = messages.history;
  if (!transient) return refused(trouble.detail);
  return has(troubles, trouble.code) ? troubles[trouble.code] : sentence(delayWords(trouble, messages));
}

function sentence(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function has<T extends object>(table: T, name: PropertyKey): name is keyof T {
  return Object.hasOwn(table, name);
}
