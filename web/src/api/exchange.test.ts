import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exchange, LONGEST_ANSWER, SILENCE, SLOWEST_LINE } from "./exchange";

type Progress = { loaded: number };

/** A request whose progress the test plays. */
class PlayedRequest {
  static readonly HEADERS_RECEIVED = 2;
  static latest: PlayedRequest;
  readonly upload: { onprogress?: (event: Progress) => void } = {};
  readonly status = 200;
  responseText = "whole";
  readyState = 0;
  aborted = false;
  readonly headers: Record<string, string> = {};
  onreadystatechange = () => {};
  onprogress = (_: Progress) => {};
  onload = () => {};

  constructor() {
    PlayedRequest.latest = this;
  }

  open() {}
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  send() {}
  abort() {
    this.aborted = true;
  }

  /** The head of the answer arrives. */
  begin() {
    this.readyState = PlayedRequest.HEADERS_RECEIVED;
    this.onreadystatechange();
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("XMLHttpRequest", PlayedRequest);
});
afterEach(() => vi.unstubAllGlobals());

function start(body?: string) {
  const settled = vi.fn();
  exchange("/x", body === undefined ? {} : { method: "POST", body }).then(
    ({ text }) => settled(text),
    ({ trouble }) => settled(trouble.code),
  );
  return { request: PlayedRequest.latest, settled };
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe("exchange", () => {
  it("tells when the request is made, and of each part that is sent", () => {
    const onMoved = vi.fn();
    void exchange("/x", { method: "POST", body: "a", onMoved });
    expect(onMoved).toHaveBeenCalledTimes(1);
    PlayedRequest.latest.upload.onprogress?.({ loaded: 1 });
    expect(onMoved).toHaveBeenCalledTimes(2);
  });

  it("gives up when nothing has moved for ten seconds", async () => {
    const { request, settled } = start();
    await pass(SILENCE - 1);
    expect(settled).not.toHaveBeenCalled();
    await pass(1);
    expect(settled).toHaveBeenCalledExactlyOnceWith("timed-out");
    expect(request.aborted).toBe(true);
  });

  it("waits for as long as an answer moves, and no longer", async () => {
    const { request, settled } = start();
    await pass(SILENCE - 1);
    request.begin();
    for (let loaded = 1; loaded < 20; loaded++) {
      await pass(SILENCE - 1);
      request.onprogress({ loaded });
    }
    await pass(SILENCE - 1);
    expect(settled).not.toHaveBeenCalled();
    await pass(1);
    expect(settled).toHaveBeenCalledExactlyOnceWith("timed-out");
  });

  it("returns the whole answer, and then waits for nothing", async () => {
    const { request, settled } = start();
    request.begin();
    request.onload();
    await pass(10 * SILENCE);
    expect(settled).toHaveBeenCalledExactlyOnceWith("whole");
  });

  it("waits for as long as an upload moves, and then until the slowest line has carried it", async () => {
    const { request, settled } = start("x");
    for (let seconds = 1; seconds < 60; seconds++) {
      await pass(SILENCE - 1);
      request.upload.onprogress?.({ loaded: seconds * SLOWEST_LINE });
    }
    await pass(SILENCE + 59_000 - 1);
    expect(settled).not.toHaveBeenCalled();
    await pass(1);
    expect(settled).toHaveBeenCalledExactlyOnceWith("timed-out");
  });

  it("listens to the upload only of a body, so that a read from another origin needs no preflight", () => {
    expect(start().request.upload.onprogress).toBeUndefined();
  });

  it("begins a trace with each request to its own origin, and with none to another, so that it needs no preflight", () => {
    const [first, second] = [start().request, start().request];
    expect(first.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(second.headers.traceparent).not.toBe(first.headers.traceparent);
    void exchange("https://api.example/x");
    expect(PlayedRequest.latest.headers).toEqual({});
  });

  it("does not take an answer that is too long", async () => {
    const { request, settled } = start();
    request.onprogress({ loaded: LONGEST_ANSWER + 1 });
    await pass(0);
    expect(settled).toHaveBeenCalledExactlyOnceWith("unexpected-answer");
    expect(request.aborted).toBe(true);
  });

  it("tells what has come of an answer, and gives up when that makes no sense", async () => {
    const told: string[] = [];
    const settled = vi.fn();
    const onText = (text: string) => {
      told.push(text);
      if (text === "ab") throw new SyntaxError();
    };
    exchange("/x", { onText }).catch(({ trouble }) => settled(trouble.code));
    const request = PlayedRequest.latest;
    request.begin();
    for (const text of ["a", "ab"]) {
      request.responseText = text;
      request.onprogress({ loaded: text.length });
    }
    await pass(0);
    expect([told, request.aborted]).toEqual([["a", "ab"], true]);
    expect(settled).toHaveBeenCalledExactlyOnceWith("unexpected-answer");
  });
});
