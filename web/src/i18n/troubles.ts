import { type ApiError, isTooLarge, type Trouble } from "../api/apiError";
import type { Messages } from "./en";

/** Why a string is not accepted yet; the service's own words if the page has none. */
export function delayWords(trouble: Trouble, { delays }: Messages): string {
  if (isTooLarge(trouble)) return delays["too-large"];
  const { code, detail } = trouble;
  return has(delays, code) ? delays[code] : detail || delays.unreachable;
}

/** Why a string was refused; the service's own words if the page has none. */
export function refusalWords({ code, detail }: Trouble, { problems }: Messages): string {
  return has(problems, code) ? problems[code](detail) : detail;
}

/** Why stored strings cannot be read. */
export function readingWords({ trouble, transient }: ApiError, { history }: Messages): string {
  if (!transient) return history.refused(trouble.detail);
  return has(history.troubles, trouble.code) ? history.troubles[trouble.code] : history.noAnswer;
}

function has<T extends object>(table: T, name: PropertyKey): name is keyof T {
  return Object.hasOwn(table, name);
}
