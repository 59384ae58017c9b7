import { useSyncExternalStore } from "react";
import { knownApiOrigin, subscribeApiOrigin } from "./origin";

/** Returns the URL of a path of the API, for a link. */
export function useApiUrl(path: string): string {
  return useSyncExternalStore(subscribeApiOrigin, knownApiOrigin, knownApiOrigin) + path;
}
