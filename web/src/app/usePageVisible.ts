import { focusManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

const subscribe = (onChange: () => void) => focusManager.subscribe(onChange);

/** Whether the tab is in front: nothing is asked for a page that nobody sees. */
export function usePageVisible(): boolean {
  return useSyncExternalStore(subscribe, () => focusManager.isFocused());
}
