import { type ReactNode, useEffect } from "react";

import { dialogOpened } from "../keys/commands.ts";
import { later } from "./later.tsx";

const ModalBody = later(() => import("./ModalBody.tsx"));

export interface ModalProps {
  readonly title: string;
  readonly close: () => void;
  readonly isFirm?: boolean;
  readonly isCover?: boolean;
  readonly className?: string;
  readonly children: ReactNode;
}

/**
 * A dialog over the page. Escape and a click beside it close it. If it `isFirm` or much is typed in it, Escape asks first
 * and a click does nothing. One that `isCover` hides all that is behind it, and stays.
 */
export function Modal(props: ModalProps): ReactNode {
  useEffect(dialogOpened, []);
  return <ModalBody {...props} />;
}
