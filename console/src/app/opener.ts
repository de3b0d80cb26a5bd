/** A button of the header that opens something below it, such as a menu. */

import { type ComponentProps, type KeyboardEvent, type RefObject, useRef, useState } from "react";

export interface Opener {
  readonly isOpen: boolean;
  /** what stands below the button needs these */
  readonly below: Below;
  readonly open: () => void;
  /** what the button needs, beside its looks */
  readonly button: ComponentProps<"button">;
}

export interface Below {
  /** the button that opens it */
  readonly place: RefObject<HTMLButtonElement | null>;
  readonly close: () => void;
}

export function useOpener(kind: "menu" | "dialog"): Opener {
  const place = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const open = (): void => setIsOpen(true);
  const press = (event: KeyboardEvent): void => {
    // So menus are opened by keyboard everywhere.
    if (kind !== "menu" || event.key !== "ArrowDown") return;
    event.preventDefault();
    open();
  };
  return {
    isOpen,
    below: { place, close: () => setIsOpen(false) },
    open,
    button: {
      ref: place,
      type: "button",
      "aria-haspopup": kind,
      "aria-expanded": isOpen,
      onClick: () => setIsOpen(!isOpen),
      onKeyDown: press,
    },
  };
}
