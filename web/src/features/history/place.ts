/** Which string of which visit was opened; kept with the entry of the browser's history, for whoever comes back. */
export type Place = { visit: number; fragment: string; id: string };

export function keepPlace(place: Place): void {
  window.history.replaceState({ place }, "");
}

export function keptPlace(): Place | null {
  const state: { place?: Place } | null = window.history.state;
  return state?.place ?? null;
}
