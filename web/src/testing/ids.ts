const ids = new Map<string, string>();

/** The id that the fake service gives what has this name. */
export function idOf(name: string): string {
  const id = ids.get(name) ?? `00000000-0000-4000-8000-${`${ids.size}`.padStart(12, "0")}`;
  ids.set(name, id);
  return id;
}
