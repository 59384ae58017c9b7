import { type RefCallback, type RefObject, useCallback } from "react";

/** Returns a ref for a control that the page removes by itself: if it has the focus then, `next` gets it. */
export function usePassFocus(next: RefObject<HTMLElement | null>): RefCallback<HTMLElement> {
  return useCallback(
    (control: HTMLElement) => () => {
      if (control === document.activeElement) next.current?.focus({ preventScroll: true });
    },
    [next],
  );
}
