import { fireEvent, screen, within } from "@testing-library/react";
import { vi } from "vitest";
import { pass, stopClock } from "./clock";
import { FakeApi } from "./fakeApi";

/** Has a test begin at a standing clock, in a tab that is seen, and with an API that accepts everything. */
export function startVisit(): FakeApi {
  stopClock();
  show("visible");
  return new FakeApi();
}

/** The texts of the strings in the list, from the top. */
export function rows(): (string | null)[] {
  return within(screen.getByRole("main"))
    .queryAllByRole("listitem")
    .map((row) => row.textContent);
}

/** Types each string and presses Enter. */
export async function submit(...texts: string[]): Promise<void> {
  const field = screen.getByRole<HTMLTextAreaElement>("textbox");
  for (const text of texts) {
    fireEvent.change(field, { target: { value: text } });
    fireEvent.keyDown(field, { key: "Enter" });
  }
  await pass(0);
}

/** Brings the tab to the front or hides it. */
export function show(state: DocumentVisibilityState): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  fireEvent(document, new Event("visibilitychange", { bubbles: true }));
}
