import { ANSWER_SHAPES, ANSWER_STATUS } from "./answerShapes.gen";
import { ApiError, answerError, pageError } from "./apiError";
import { takeEarlyAnswer } from "./early";
import { type Answer, exchange, isSuccess, type Question } from "./exchange";
import { isId } from "./id";
import { apiOrigin } from "./origin";
import { reachability } from "./reachability";
import { anotherReadToken, noteOpenReading, savedReadToken } from "./readToken";
import type { Schema } from "./schema";

const SHAPES: Readonly<Record<string, Readonly<Record<string, string>>>> = ANSWER_SHAPES;

type AnswerName = keyof typeof ANSWER_STATUS;

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
  return noted(question, async () => {
    const { status, text } = await ask(path, question);
    if (status !== ANSWER_STATUS[name]) throw pageError("unexpected-answer");
    return parse(name, text);
  });
}

/** Sends a request that the API answers with 204; throws as requestJson does, on any other 2xx too. */
export function requestNothing(path: string, question: Question): Promise<void> {
  return noted(question, async () => {
    if ((await ask(path, question)).status !== 204) throw pageError("unexpected-answer");
  });
}

/**
 * Sends a request that is answered with NDJSON, and calls `onLine` with each line as it comes, which is of the schema
 * with this name; throws as requestJson does.
 */
export function requestLines<Name extends AnswerName>(
  name: Name,
  path: string,
  question: Question,
  onLine: (line: Schema<Name>) => void,
): Promise<void> {
  let at = 0;
  const onText = (text: string) => {
    for (let end = text.indexOf("\n", at); end >= 0; end = text.indexOf("\n", at)) {
      const line = parse(name, text.slice(at, end));
      at = end + 1;
      onLine(line);
    }
  };
  return noted(question, async () => void (await ask(path, { ...question, onText })));
}

async function noted<T>({ method = "GET" }: Question, request: () => Promise<T>): Promise<T> {
  const begun = reachability.begin();
  const writes = method !== "GET";
  try {
    const result = await request();
    reachability.note(begun, null, writes);
    return result;
  } catch (error) {
    if (error instanceof ApiError) reachability.note(begun, error, writes);
    throw error;
  }
}

/** Sends a request until it is answered; while reading is closed that takes until the reader has entered the token. */
async function ask(path: string, question: Question): Promise<Answer> {
  for (let refusals = 0; ; refusals++) {
    const token = question.isOpen ? null : savedReadToken();
    const early = await takeEarlyAnswer(path);
    const answer = early ?? (await exchange((await apiOrigin()) + path, asReader(token, question)));
    if (isSuccess(answer)) {
      if (refusals > 0 && token === null) noteOpenReading();
      return answer;
    }
    const error = answerError(answer, answer.text);
    if (error.trouble.code !== "reader-only" || question.waits === false) throw error;
    await anotherReadToken(token, question.signal);
  }
}

function asReader(token: string | null, question: Question): Question {
  if (token === null) return question;
  return { ...question, headers: { Authorization: `Bearer ${token}`, ...question.headers } };
}

function parse<Name extends AnswerName>(name: Name, text: string): Schema<Name> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw pageError("unexpected-answer");
  }
  if (!isOf(body, name)) throw pageError("unexpected-answer");
  return body as Schema<Name>;
}

function isOf(value: unknown, type: string): boolean {
  if (type === "any") return value !== undefined;
  if (type === "uuid") return isId(value);
  if (type.endsWith("[]"))
    return Array.isArray(value) && value.every((each) => isOf(each, type.slice(0, -2)));
  const shape = SHAPES[type];
  if (!shape) return typeof value === type && value !== null;
  if (typeof value !== "object" || value === null) return false;
  const values = value as Record<string, unknown>;
  return Object.entries(shape).every(([property, each]) => isOf(values[property], each));
}
