import { fireEvent, screen, within } from "@testing-library/react";
import { vi } from "vitest";
import { pass, stopClock } from "./clock";
import { FakeApi } from "./fakeApi";

/** Starts a test with a stopped clock, a visible tab, and an API that accepts everything. */
export function startVisit(): FakeApi {
  stopClock();
  show("visible");
  return new FakeApi();
}

/** Returns the texts of the rows in the list, from the top. */
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

/** Shows or hides the tab. */
export function show(state: DocumentVisibilityState): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  fireEvent(document, new Event("visibilitychange", { bubbles: true }));
}
