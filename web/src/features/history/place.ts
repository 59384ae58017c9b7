/** Which string of which visit was opened; saved in the browser's history entry, to restore it on the way back. */
export type Place = { visit: number; fragment: string; id: string };

export function savePlace(place: Place): void {
  window.history.replaceState({ place }, "");
}

export function savedPlace(): Place | null {
  const state: { place?: Place } | null = window.history.state;
  return state?.place ?? null;
}
