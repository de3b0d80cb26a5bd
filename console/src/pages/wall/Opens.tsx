import type { ReactNode } from "react";

/** A number that opens the cases behind it. On the wall, where no one can open anything, it is text. */
export function Opens({ open, said, children }: { open: (() => void) | undefined; said: string; children: ReactNode }): ReactNode {
  if (open === undefined) return children;
  return (
    <button type="button" className="wall-open" title={said} onClick={open}>
      {children}
    </button>
  );
}
