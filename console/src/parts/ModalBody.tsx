import { type FormEvent, type ReactNode, useState } from "react";
import { Dialog, Heading, Modal as AriaModal, ModalOverlay } from "react-aria-components";

import { parts } from "./catalogue.ts";
import type { ModalProps } from "./Modal.tsx";

/** So many fields in which something is typed hold a dialog open, and so does one long text. */
const FIELDS_KEPT = 2;

function isText(target: EventTarget): target is HTMLInputElement | HTMLTextAreaElement {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !/^(checkbox|radio|file)$/.test(target.type));
}

/** What `Modal` shows. */
export default function ModalBody({
  title,
  close,
  isFirm = false,
  isCover = false,
  className = "",
  children,
}: ModalProps): ReactNode {
  const t = parts.use();
  const [isWarned, setIsWarned] = useState(false);
  const [typedIn, setTypedIn] = useState<ReadonlySet<Element>>(new Set());
  const stays = isFirm || typedIn.size >= FIELDS_KEPT || [...typedIn].some((one) => one instanceof HTMLTextAreaElement);
  const note = ({ target }: FormEvent): void => {
    setIsWarned(false);
    if (!isText(target)) return;
    const others = [...typedIn].filter((one) => one !== target);
    setTypedIn(new Set(target.value.trim() === "" ? others : [...others, target]));
  };
  return (
    <ModalOverlay
      className={isCover ? "veil cover" : "veil"}
      isOpen
      isDismissable={!stays}
      isKeyboardDismissDisabled={isCover}
      onOpenChange={(isOpen) => {
        if (isOpen) return;
        if (stays && !isWarned) setIsWarned(true);
        else close();
      }}
    >
      <AriaModal className={`modal ${className}`}>
        <Dialog className="dialog">
          <Heading slot="title" className="dialog-title">
            {title}
          </Heading>
          <div className="dialog-body" onInput={note}>
            {children}
          </div>
          <div role="alert">{isWarned && <p className="note warn">{t("escape_again")}</p>}</div>
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}
