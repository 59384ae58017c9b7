import type { Schema } from "../../api/schema";

/** About where a string stands in line, and about how long it will be there, as far as that is known. */
export type Place = { place: number; milliseconds: number | null };

/** Returns null where nothing is known, or nothing is before the string. */
export function placeInLine(acceptedTotal: number, pipeline: Schema<"Pipeline">): Place | null {
  const { settled_total: settled, stored_per_second: rate, database, workers } = pipeline;
  if (settled === null || acceptedTotal <= settled) return null;
  const moving = database.status === "up" && workers.status === "up" && rate !== null && rate > 0;
  const place = acceptedTotal - settled;
  return { place: rounded(place), milliseconds: moving ? (place / rate) * 1000 : null };
}

/** Two digits are all that "about" promises. */
function rounded(count: number): number {
  return Number(count.toPrecision(2));
}
