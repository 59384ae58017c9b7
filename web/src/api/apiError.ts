import type { Schema } from "./schema";

const PROBLEM_PREFIX = "urn:ix-dummies:problem:";

/** Errors that the page detects itself, in addition to the API's problem types. */
export type PageFault = "unreachable" | "timed-out" | "unexpected-answer";
/** What an error status says that does not come from the API. */
type ProxyFault = PageFault | "rate-limited";

/** Refusals of where a request comes from or goes to, whatever it holds; an operator can correct that meanwhile. */
export const PLACE_REFUSED: ReadonlySet<string> = new Set([
  "unknown-host",
  "foreign-origin",
  "not-found",
  "method-not-allowed",
]);

type RefusedItem = Schema<"RefusedItem">;

/** What went wrong, small enough to store with a string; `code` is the last part of the problem type. */
export type Trouble = { code: string; detail: string };

export class ApiError extends Error {
  readonly trouble: Trouble;
  /** Whether the same request may succeed later; otherwise the error is final. */
  readonly transient: boolean;
  /** The server's Retry-After, in milliseconds. */
  readonly retryAfter: number | null;
  /** The refused items of a bulk request, if the API lists them. */
  readonly refusedItems: readonly RefusedItem[];

  constructor(
    trouble: Trouble,
    transient: boolean,
    retryAfter: number | null = null,
    refusedItems: readonly RefusedItem[] = [],
  ) {
    super(`${trouble.code}: ${trouble.detail}`);
    this.name = "ApiError";
    this.trouble = trouble;
    this.transient = transient;
    this.retryAfter = retryAfter;
    this.refusedItems = refusedItems;
  }
}

export function pageError(code: PageFault): ApiError {
  return new ApiError({ code, detail: "" }, true);
}

/** Returns the last part of one of the API's problem types. */
export function problemCode(type: string): string {
  return type.startsWith(PROBLEM_PREFIX) ? type.slice(PROBLEM_PREFIX.length) : type;
}

/** Whether the service, or a proxy before it, takes no request of this size. */
export function isTooLarge({ code, detail }: Trouble): boolean {
  return code === "too-large" || (code === "unexpected-answer" && detail === "HTTP 413");
}

/** Answers that say that nothing was kept. */
const NOT_KEPT = new Set(["busy", "rate-limited", "journal-full", "journal-volatile", ...PLACE_REFUSED]);

/** Whether the service may have kept what was sent, although it did not say so: then a refusal of the repeat says nothing. */
export function mayBeKept({ transient, trouble }: ApiError): boolean {
  return transient && !NOT_KEPT.has(trouble.code);
}

type Head = Pick<Response, "status"> & { headers: Pick<Headers, "get"> };

/**
 * Decodes an error response. One that is not problem+json comes from a proxy, not from the API, so that it decides
 * nothing about a string; but a proxy that takes no request of this size will not take it later, and one that limits
 * the rate is not an outage.
 */
export function answerError({ status, headers }: Head, body: string): ApiError {
  const unready = status >= 500 || [408, 425, 429].includes(status);
  const retryAfter = retryAfterOf(headers.get("Retry-After"));
  const isProblem = headers.get("Content-Type")?.startsWith("application/problem+json");
  const problem = isProblem ? parseProblem(body) : null;
  if (problem) {
    const code = problemCode(problem.type);
    const transient = unready || PLACE_REFUSED.has(code);
    return new ApiError({ code, detail: problem.detail }, transient, retryAfter, problem.errors);
  }
  const code = proxyFault(status, unready);
  return new ApiError({ code, detail: `HTTP ${status}` }, status !== 413, retryAfter);
}

function proxyFault(status: number, unready: boolean): ProxyFault {
  if (status === 429) return "rate-limited";
  return unready ? "unreachable" : "unexpected-answer";
}

function parseProblem(json: string): Pick<Schema<"Problem">, "type" | "detail" | "errors"> | null {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof body !== "object" || body === null) return null;
  const { type, detail, errors } = body as Record<string, unknown>;
  if (typeof type !== "string" || !type.startsWith(PROBLEM_PREFIX) || typeof detail !== "string") return null;
  return { type, detail, errors: Array.isArray(errors) ? errors.filter(isRefusedItem) : [] };
}

function isRefusedItem(value: unknown): value is RefusedItem {
  const { index, detail } = (value ?? {}) as Partial<RefusedItem>;
  return Number.isInteger(index) && typeof detail === "string";
}

function retryAfterOf(value: string | null): number | null {
  const seconds = Number.parseFloat(value ?? "");
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
