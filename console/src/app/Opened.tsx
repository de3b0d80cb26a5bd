import type { ReactNode } from "react";
import { Popover } from "react-aria-components";

import type { Below } from "./opener.ts";

/** What a button of the header has opened. It closes by `Escape` and by a click beside it. */
export function Opened({ place, close, className = "", children }: Below & { className?: string; children: ReactNode }): ReactNode {
  return (
    <Popover
      className={`popover ${className}`}
      placement="bottom end"
      triggerRef={place}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen) close();
      }}
    >
      {children}
    </Popover>
  );
}
