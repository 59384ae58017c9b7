import { focusManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

const subscribe = (onChange: () => void) => focusManager.subscribe(onChange);

const isVisible = () => focusManager.isFocused();

/** Whether the tab is visible; a hidden page sends no reads. */
export function usePageVisible(): boolean {
  return useSyncExternalStore(subscribe, isVisible, isVisible);
}
