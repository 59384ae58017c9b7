import { ApiError, answerError, pageError } from "../../../api/apiError";
import { apiOrigin } from "../../../api/origin";
import type { Schema } from "../../../api/schema";
import { asOperator } from "./failed";

/** Milliseconds without a line, of which the service sends one a second, after which an answer is given up. */
export const SILENCE = 30_000;
/** The longest line, in characters. */
const LONGEST_LINE = 64 * 1024;

export type Progress = Schema<"GroupProgress">;
type Group = { reasons: readonly string[] | "all"; q?: string; why?: string };

/**
 * Retries or discards a group of dead letters, and yields each line of the service's progress.
 *
 * Throws an ApiError on an error status, a network error, silence, or a line that is no progress. If the caller or an
 * error ends it, the service stops after the dead letters that it is working on.
 */
export async function* runGroup(
  kind: "retry" | "discard",
  token: string,
  group: Group,
  signal: AbortSignal,
): AsyncGenerator<Progress> {
  const abort = new AbortController();
  const cancel = () => abort.abort();
  signal.addEventListener("abort", cancel);
  try {
    const headers = { ...asOperator(token), "Content-Type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(group), cache: "no-store" } as const;
    const url = `${await apiOrigin()}/dummies/failed/${kind}`;
    const response = await unlessSilent(fetch(url, { ...init, signal: abort.signal }));
    if (!response.ok || !response.body) throw answerError(response, await response.text());
    for await (const line of linesOf(response.body)) yield JSON.parse(line);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw pageError(error instanceof SyntaxError ? "unexpected-answer" : "unreachable");
  } finally {
    signal.removeEventListener("abort", cancel);
    abort.abort();
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await unlessSilent(reader.read());
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (rest.length > LONGEST_LINE) throw pageError("unexpected-answer");
  }
}

async function unlessSilent<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(pageError("timed-out")), SILENCE);
  });
  return Promise.race([answer, silence]).finally(() => clearTimeout(timer));
}
