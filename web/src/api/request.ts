import { ANSWER_SHAPES } from "./answerShapes.gen";
import { ApiError, answerError, pageError } from "./apiError";
import { exchange, type Question } from "./exchange";
import { apiOrigin } from "./origin";
import { reachability } from "./reachability";
import type { Schema } from "./schema";

type AnswerName = keyof typeof ANSWER_SHAPES;

/**
 * Sends a request to the API and returns the decoded body, which is of the schema with this name; what came of it shows
 * whether the service can be reached.
 *
 * Throws an ApiError if nothing answers, on an error status, or on a 2xx that is not the service's, such as a proxy's
 * page; and the signal's reason.
 */
export function requestJson<Name extends AnswerName>(
  name: Name,
  path: string,
  question: Question = {},
): Promise<Schema<Name>> {
  return request(path, question, (text) => parse(name, text));
}

/** Sends a request that the API answers without a body; throws as requestJson does. */
export function requestNothing(path: string, question: Question): Promise<void> {
  return request(path, question, (text) => {
    if (text !== "") throw pageError("unexpected-answer");
  });
}

async function request<T>(path: string, question: Question, decode: (text: string) => T): Promise<T> {
  const begun = reachability.begin();
  try {
    const answer = await exchange((await apiOrigin()) + path, question);
    if (answer.status < 200 || answer.status > 299) throw answerError(answer, answer.text);
    const decoded = decode(answer.text);
    reachability.note(begun, null);
    return decoded;
  } catch (error) {
    if (error instanceof ApiError) reachability.note(begun, error);
    throw error;
  }
}

function parse<Name extends AnswerName>(name: Name, text: string): Schema<Name> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw pageError("unexpected-answer");
  }
  if (!isShaped(body, ANSWER_SHAPES[name])) throw pageError("unexpected-answer");
  return body as Schema<Name>;
}

function isShaped(body: unknown, shape: Readonly<Record<string, string>>): boolean {
  if (typeof body !== "object" || body === null) return false;
  const values = body as Record<string, unknown>;
  return Object.entries(shape).every(([property, type]) => isOf(values[property], type));
}

function isOf(value: unknown, type: string): boolean {
  if (type === "any") return value !== undefined;
  if (type === "array") return Array.isArray(value);
  return typeof value === type && value !== null;
}
