import { focusManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

const subscribe = (onChange: () => void) => focusManager.subscribe(onChange);

const isVisible = () => focusManager.isFocused();

/** Whether the tab is visible; a hidden page reads nothing but the state of the pipeline, once a minute. */
export function usePageVisible(): boolean {
  return useSyncExternalStore(subscribe, isVisible, isVisible);
}
