import { type ReactNode, useEffect, useRef } from "react";

type Props = { className?: string | undefined; takesFocus?: boolean; children: ReactNode };

/** The heading of a step that replaces another; it takes focus, because the focused element is gone. */
export function StepHeading({ className, takesFocus = true, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only on arrival
  useEffect(() => void (takesFocus && heading.current?.focus()), []);
  return (
    <h2 ref={heading} tabIndex={-1} className={className}>
      {children}
    </h2>
  );
}
