import type { ReactNode } from "react";

import { NOTE_MAX_CHARS, REASON_MAX_CHARS } from "../text/reason.ts";
import { parts } from "./catalogue.ts";
import { Field } from "./Field.tsx";
import { TextArea } from "./TextArea.tsx";

interface ReasonProps {
  readonly label?: string;
  readonly value: string;
  readonly set: (reason: string) => void;
  readonly hasFocus?: boolean;
}

/** The reason of an act, which the log keeps. */
export function ReasonField({ label, ...field }: ReasonProps): ReactNode {
  const t = parts.use();
  return <TextArea label={label ?? t("reason")} maxLength={REASON_MAX_CHARS} {...field} />;
}

/** A short reason on one line, where Enter sends the form. */
export function ReasonLine({ label, value, set, hasFocus = false }: ReasonProps): ReactNode {
  const t = parts.use();
  return (
    <Field
      label={label ?? t("reason")}
      autoFocus={hasFocus}
      maxLength={NOTE_MAX_CHARS}
      value={value}
      onChange={(event) => set(event.target.value)}
    />
  );
}
