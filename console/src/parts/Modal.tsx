import { type ReactNode, useEffect } from "react";
import { Dialog, Heading, Modal as AriaModal, ModalOverlay } from "react-aria-components";

import { dialogOpened } from "../keys/commands.ts";

/** A dialog over the page. Escape and a click beside it close it, unless it `isFirm`. */
export function Modal({
  title,
  close,
  isFirm = false,
  className = "",
  children,
}: {
  title: string;
  close: () => void;
  isFirm?: boolean;
  className?: string;
  children: ReactNode;
}): ReactNode {
  useEffect(dialogOpened, []);
  return (
    <ModalOverlay
      className="veil"
      isOpen
      isDismissable={!isFirm}
      isKeyboardDismissDisabled={isFirm}
      onOpenChange={(isOpen) => {
        if (!isOpen) close();
      }}
    >
      <AriaModal className={`modal ${className}`}>
        <Dialog className="dialog">
          <Heading slot="title" className="dialog-title">
            {title}
          </Heading>
          {children}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}
