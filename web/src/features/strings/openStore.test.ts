import { expect, it, vi } from "vitest";
import { idOf } from "../../testing/ids";
import { accepted } from "./item";
import { openStore } from "./openStore";

const mayLeave = () => window.dispatchEvent(new Event("beforeunload", { cancelable: true }));

const answer = { id: idOf("an-id"), status: "queued", status_url: "", accepted_total: 1 } as const;

it("leaves the page without a question where strings are kept", () => {
  const { store, persists } = openStore();
  expect(persists).toBe(true);
  store.add("kept");
  expect(mayLeave()).toBe(true);
});

it("asks before the page is left with strings that only it has, until the service has them", () => {
  vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
    throw new DOMException("", "SecurityError");
  });
  const { store, persists } = openStore();
  expect(persists).toBe(false);
  expect(mayLeave()).toBe(true);
  store.add("only here");
  expect(mayLeave()).toBe(false);
  store.update((item) => accepted(item, { ...answer, received_at: "2026-01-02T03:04:05Z" }));
  expect(mayLeave()).toBe(true);
});
