import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, pageError } from "./apiError";
import { Reachability } from "./reachability";

const problem = (code: string, transient = true) => new ApiError({ code, detail: "" }, transient);
const silent = pageError("unreachable");

function start() {
  const reachability = new Reachability();
  const woken = vi.fn();
  reachability.onWake(woken);
  return {
    reachability,
    woken,
    note: (error: ApiError | null) => reachability.note(reachability.begin(), error),
  };
}

afterEach(() => void vi.useRealTimers());

describe("Reachability", () => {
  it.each([pageError("unreachable"), pageError("timed-out"), problem("api-away")])(
    "says that nothing answers after %s, until anything does",
    (error) => {
      const { reachability, woken, note } = start();
      note(error);
      expect(reachability.snapshot()).toMatchObject({ outage: "no-answer", checked: false });
      expect(woken).not.toHaveBeenCalled();
      note(problem("rate-limited"));
      expect(reachability.snapshot()).toMatchObject({ outage: null, checked: false });
      expect(woken).toHaveBeenCalledOnce();
      reachability.noteCheck(reachability.begin());
      expect(reachability.snapshot()).toMatchObject({ outage: null, checked: true });
    },
  );

  it("says that the journal takes nothing until the pipeline's state is read, whatever else is answered", () => {
    const { reachability, note } = start();
    note(problem("journal-full"));
    note(null);
    expect(reachability.snapshot().outage).toBe("journal-full");
    reachability.noteCheck(reachability.begin());
    expect(reachability.snapshot().outage).toBeNull();
  });

  it("says that it takes nothing from this page until it does, whatever else is read", () => {
    const { reachability, woken, note } = start();
    note(problem("foreign-origin"));
    note(null);
    reachability.noteCheck(reachability.begin());
    expect(reachability.snapshot()).toMatchObject({ outage: "foreign-origin", checked: true });
    expect(woken).not.toHaveBeenCalled();
    reachability.note(reachability.begin(), problem("busy"), true);
    expect(reachability.snapshot().outage).toBe("foreign-origin");
    reachability.note(reachability.begin(), null, true);
    expect(reachability.snapshot().outage).toBeNull();
    expect(woken).toHaveBeenCalledOnce();
  });

  it("no longer says so once whatever waits would have met it again: another tab may have sent it", () => {
    vi.useFakeTimers();
    const { reachability, note } = start();
    note(problem("foreign-origin"));
    vi.advanceTimersByTime(74_000);
    reachability.noteCheck(reachability.begin());
    expect(reachability.snapshot().outage).toBe("foreign-origin");
    vi.advanceTimersByTime(2_000);
    reachability.noteCheck(reachability.begin());
    expect(reachability.snapshot().outage).toBeNull();
  });

  it("learns nothing from an answer that is not the service's, but from one about the pipeline", () => {
    const { reachability, woken, note } = start();
    const odd = pageError("unexpected-answer");
    note(odd);
    expect(reachability.snapshot().outage).toBeNull();
    note(silent);
    note(odd);
    expect(reachability.snapshot().outage).toBe("no-answer");
    expect(woken).not.toHaveBeenCalled();
    note(null);
    reachability.noteFailedCheck(odd);
    expect(reachability.snapshot()).toMatchObject({ outage: "no-answer", checked: false });
  });

  it("takes a final error for an answer, and one about the database for none about the service", () => {
    const { reachability, note } = start();
    note(silent);
    note(problem("not-failed", false));
    expect(reachability.snapshot().outage).toBeNull();
    note(problem("database-away"));
    expect(reachability.snapshot().outage).toBeNull();
  });

  it("wakes what waits less and less often where a request of it always ends without an answer", () => {
    vi.useFakeTimers();
    const { reachability, woken, note } = start();
    const meetOutage = () => {
      note(silent);
      vi.advanceTimersByTime(1_500);
      note(null);
      expect(reachability.snapshot().outage).toBeNull();
    };
    for (let met = 0; met < 40; met++) meetOutage();
    expect(woken.mock.calls.length).toBeGreaterThan(6);
    expect(woken.mock.calls.length).toBeLessThan(14);
    vi.advanceTimersByTime(30_000);
    woken.mockClear();
    meetOutage();
    meetOutage();
    expect(woken).toHaveBeenCalledTimes(2);
  });

  it("is not misled by a request that is stuck while others are answered", () => {
    const { reachability, note } = start();
    const stuck = reachability.begin();
    note(null);
    reachability.note(stuck, pageError("timed-out"));
    expect(reachability.snapshot().outage).toBeNull();
  });
});
