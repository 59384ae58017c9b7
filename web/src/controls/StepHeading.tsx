import { type ReactNode, useEffect, useRef } from "react";

type Props = { className?: string | undefined; takesFocus?: boolean; children: ReactNode };

/** The heading of a step that has taken the place of another; it gets the focus, so that nobody is left behind. */
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
