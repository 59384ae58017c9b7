import { ApiError, PLACE_REFUSED, pageError, type Trouble } from "../../api/apiError";
import { retryDelay } from "../../timing/retryDelay";

/** The service refused to begin. */
const NOT_BEGUN = new Set(["busy", "rate-limited", ...PLACE_REFUSED]);

type Watch = { signal: AbortSignal; onWaiting: (trouble: Trouble) => void };

export function faultOf(error: unknown): ApiError {
  return error instanceof ApiError ? error : pageError("unexpected-answer");
}

/** Whether the service may have done what was asked, although it did not say so. */
export function mayBeDone({ transient, trouble }: ApiError): boolean {
  return transient && !NOT_BEGUN.has(trouble.code);
}

/** Waits before the next try; returns early if aborted. */
export async function waitFor(
  fault: ApiError,
  attempts: number,
  { signal, onWaiting }: Watch,
): Promise<void> {
  onWaiting(fault.trouble);
  await sleep(retryDelay(attempts, fault.retryAfter), signal);
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, signal.aborted ? 0 : milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
