import { pageError } from "./apiError";

/** Milliseconds without any progress after which a request is given up; nginx gives up on the API after as many. */
export const SILENCE = 10_000;
/**
 * Bytes a second of the slowest line that the page waits for. A browser reports bytes as sent when they are in the
 * system's buffers, so an upload that seems complete may still need this long.
 */
export const SLOWEST_LINE = 8_192;
/** Bytes: more than any answer of the API needs. */
export const LONGEST_ANSWER = 16 * 1024 * 1024;

/** How long a request can still be under way, in milliseconds, if this many bytes of it may be in the system's buffers. */
export function longestWait(bytes: number): number {
  return SILENCE + (bytes / SLOWEST_LINE) * 1000;
}

/**
 * Milliseconds after which a request that still moves is noted again, where other tabs look, so that they do not take it
 * for one that has ended.
 */
export const RENEWAL = SILENCE / 2;

/** How long after its last note a request may be under way, in milliseconds. */
export function longestUnderWay(bytes: number): number {
  return RENEWAL + longestWait(bytes);
}

export type Question = {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Called when the body is sent, as far as the browser knows. */
  onUploaded?: () => void;
  /** Called when the request is made, and whenever a part of its body is sent. */
  onMoved?: () => void;
  signal?: AbortSignal;
  /** Whether it is answered without a token for reading, which is then not sent: an old one would count as a guess. */
  isOpen?: boolean;
  /** Whether it waits for a token for reading where it needs one; otherwise it then fails. Unset, it waits. */
  waits?: boolean;
  /** Called with what has come of a 2xx answer, whenever there is more; if it throws, the request is given up. */
  onText?: (text: string) => void;
};
export type Answer = Pick<Response, "status"> & { headers: Pick<Headers, "get">; text: string };

/**
 * Sends a request and returns the answer, whatever its status. However long that takes: it is given up only when nothing
 * moves, neither the upload nor the answer. XMLHttpRequest, because fetch reports no progress of an upload.
 *
 * Rejects with an ApiError (`unreachable`, `timed-out`, or `unexpected-answer` if it is too long or `onText` throws), or
 * with the signal's reason.
 */
export function exchange(
  url: string,
  { method = "GET", headers = {}, body, onUploaded, onMoved, signal, onText }: Question = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout>;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abandon);
      settle();
    };
    const giveUp = (reason: unknown) => {
      end(() => reject(reason));
      request.abort();
    };
    const abandon = () => giveUp(signal?.reason);
    const expectNews = (within = SILENCE) => {
      clearTimeout(timer);
      timer = setTimeout(() => giveUp(pageError("timed-out")), within);
    };
    const tell = () => {
      try {
        if (isSuccess(request)) onText?.(request.responseText);
      } catch {
        giveUp(pageError("unexpected-answer"));
      }
    };
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    // not to another origin: its permission would have to be asked for first, and an older API would refuse it
    if (url.startsWith("/")) request.setRequestHeader("traceparent", traceparent());
    if (body !== undefined) {
      // only then: these listeners make a browser ask another origin for permission first
      request.upload.onload = () => onUploaded?.();
      request.upload.onprogress = ({ loaded }) => {
        expectNews(longestWait(loaded));
        onMoved?.();
      };
    }
    request.onreadystatechange = () => request.readyState === XMLHttpRequest.HEADERS_RECEIVED && expectNews();
    request.onprogress = ({ loaded }) => {
      if (loaded > LONGEST_ANSWER) giveUp(pageError("unexpected-answer"));
      else expectNews();
      tell();
    };
    request.onerror = () => end(() => reject(pageError("unreachable")));
    request.onload = () => {
      tell();
      end(() => resolve(answerOf(request)));
    };
    if (signal?.aborted) return abandon();
    signal?.addEventListener("abort", abandon);
    expectNews();
    onMoved?.();
    request.send(body);
  });
}

/** A new trace's context, in W3C's form, with which the API traces the request if it is one of those that it traces. */
function traceparent(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `00-${hex.slice(16)}-${hex.slice(0, 16)}-01`;
}

export function isSuccess({ status }: Pick<Answer, "status">): boolean {
  return status >= 200 && status <= 299;
}

function answerOf(request: XMLHttpRequest): Answer {
  const get = (name: string) => request.getResponseHeader(name);
  return { status: request.status, headers: { get }, text: request.responseText };
}
