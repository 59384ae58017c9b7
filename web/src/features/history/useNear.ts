import { type RefObject, useEffect, useRef, useState } from "react";

/** How far beyond the viewport to render, so that fast scrolling shows no gaps. */
const MARGIN = "1500px 0px";

/** Whether an element is in or near the viewport, and its last known height. */
export function useNear<E extends HTMLElement>(initially: boolean) {
  const element = useRef<E>(null);
  const [state, setState] = useState<{ near: boolean; height: number | null }>({
    near: initially,
    height: null,
  });
  useEffect(() => observe(element, setState), []);
  return { element, ...state };
}

function observe(
  { current }: RefObject<HTMLElement | null>,
  report: (state: { near: boolean; height: number }) => void,
) {
  if (!current) return;
  const observer = new IntersectionObserver(
    (entries) => {
      const entry = entries.at(-1);
      if (!entry) return;
      // an element with the focus is not removed
      const near = entry.isIntersecting || current.contains(document.activeElement);
      report({ near, height: entry.boundingClientRect.height });
    },
    { rootMargin: MARGIN },
  );
  observer.observe(current);
  return () => observer.disconnect();
}
