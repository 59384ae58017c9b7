import type { Schema } from "../../api/schema";

/** The approximate place of a string in line, and the time until it is stored, if known. */
export type Place = { place: number; milliseconds: number | null };

/** Returns null if the count is unknown or no string is ahead. */
export function placeInLine(acceptedTotal: number, pipeline: Schema<"Pipeline">): Place | null {
  const { settled_total: settled, waiting, drain_seconds: drain, database, workers } = pipeline;
  if (settled === null || acceptedTotal <= settled) return null;
  const moving = database.status === "up" && workers.status === "up" && drain !== null && waiting;
  // after a rollback the count of this string may be from before it
  const place = Math.min(acceptedTotal - settled, waiting ?? Number.POSITIVE_INFINITY);
  if (place === 0) return null;
  return { place: rounded(place), milliseconds: moving ? (place / waiting) * drain * 1000 : null };
}

/** Rounds to two significant digits, as the value is approximate. */
function rounded(count: number): number {
  return Number(count.toPrecision(2));
}
