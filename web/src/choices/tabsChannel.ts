/** Returns the channel of this name between this browser's tabs; null if the browser denies it, as it may with storage. */
export function tabsChannel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
