import type { ReactNode } from "react";

/** Controls that nothing works yet: what is around them can be read. */
export function Inert({ children }: { children: ReactNode }) {
  return (
    <div inert className="contents">
      {children}
    </div>
  );
}
