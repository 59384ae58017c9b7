import { screen, within } from "@testing-library/react";
import { HttpResponse } from "msw";
import type { Schema } from "../api/schema";
import { pass } from "./clock";
import { idOf } from "./ids";
import { openPage } from "./openPage";

export const NOW = new Date("2026-03-10T12:00:00");
export const DAY = 86_400_000;

/** A string that was stored this many milliseconds ago. */
export function string(id: string, text: string, ago = 0): Schema<"StringState"> {
  const at = new Date(NOW.getTime() - ago).toISOString();
  return {
    id: idOf(id),
    status: "stored",
    text,
    received_at: at,
    stored_at: at,
    attempts: null,
    reason: null,
  };
}

export function page(items: Schema<"StringState">[], next: string | null = null, back: string | null = null) {
  const body: Schema<"HistoryPage"> = { items, next_cursor: next, looked_back_to: back };
  return HttpResponse.json(body);
}

/** Opens the page at a place, with the clock stopped. */
export async function open(hash: string, language: "en" | "ko" = "en") {
  window.history.replaceState(null, "", hash);
  const opened = openPage(language);
  await pass(100);
  return opened;
}

export const main = () => within(screen.getByRole("main"));
export const rows = () => main().queryAllByRole("listitem");
