import { describe, expect, it } from "vitest";
import { idOf } from "../../testing/ids";
import { accepted, type Item, notFound, progressed } from "./item";
import { StringStore } from "./store";

function accept(item: Item): Item {
  return accepted(item, {
    id: idOf(item.key),
    status: "queued",
    status_url: "",
    received_at: "2026-01-02T03:04:05Z",
    accepted_total: 1,
  });
}

describe("what two tabs learn of a failed string is merged", () => {
  const told = (status: "queued" | "failed" | "stored") => (item: Item) =>
    progressed(item, {
      id: "",
      received_at: "2026-01-02T03:04:05Z",
      text: null,
      stored_at: null,
      attempts: null,
      reason: "no",
      status,
    });
  const steps = { accept, queued: told("queued"), failed: told("failed"), stored: told("stored"), notFound };
  type Step = keyof typeof steps;

  it.each<[Step[], Step[], string]>([
    [["queued"], [], "queued"],
    [["queued", "stored"], ["queued"], "stored"],
    [["stored"], ["queued"], "stored"],
    [["notFound"], [], "discarded"],
    [["notFound", "failed"], ["notFound"], "failed"],
    [["notFound", "failed", "stored"], ["notFound"], "stored"],
    [["queued", "failed"], ["queued"], "failed"],
    [["queued", "notFound"], [], "unknown"],
    [["stored"], ["notFound"], "stored"],
  ])("%j in one, %j in the other", (one, other, state) => {
    for (const order of [
      [one, other],
      [other, one],
    ]) {
      localStorage.clear();
      const earlier = new StringStore(localStorage);
      earlier.add("a");
      for (const step of ["accept", "failed"] as const) earlier.update(steps[step]);
      const tabs = order.map((learned) => ({ learned, store: new StringStore(localStorage) }));
      for (const { learned, store } of tabs) for (const step of learned) store.update(steps[step]);
      expect(new StringStore(localStorage).snapshot()[0]?.state).toBe(state);
    }
  });
});
