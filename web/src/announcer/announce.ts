type Listener = (words: string) => void;

const listeners = new Set<Listener>();

/** Makes screen readers announce this once. */
export function announce(words: string): void {
  for (const listener of listeners) listener(words);
}

export function onAnnouncement(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
