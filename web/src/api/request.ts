import { ApiError, answerError, pageError } from "./apiError";
import { exchange, type Question } from "./exchange";
import { apiOrigin } from "./origin";
import { reachability } from "./reachability";

/**
 * Sends a request to the API and returns the decoded body; what came of it shows whether the service can be reached.
 *
 * Throws an ApiError if nothing answers, on an error status, or on a 2xx without JSON other than 204; and the signal's
 * reason.
 */
export async function requestJson<Body>(path: string, question: Question = {}): Promise<Body> {
  const begun = reachability.begin();
  try {
    const body = await ask<Body>(path, question);
    reachability.note(begun, null);
    return body;
  } catch (error) {
    if (error instanceof ApiError) reachability.note(begun, error);
    throw error;
  }
}

async function ask<Body>(path: string, question: Question): Promise<Body> {
  const answer = await exchange((await apiOrigin()) + path, question);
  if (answer.status < 200 || answer.status > 299) throw answerError(answer, answer.text);
  if (answer.status === 204) return undefined as Body;
  try {
    return JSON.parse(answer.text);
  } catch {
    throw pageError("unexpected-answer");
  }
}
