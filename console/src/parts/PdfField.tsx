import { type ReactNode, useState } from "react";

import { parts } from "./catalogue.ts";
import { Field } from "./Field.tsx";

/** The API takes no larger one. */
const PDF_MAX_BYTES = 2 * 1024 * 1024;

/** A PDF that the officer chooses. One that is too large is taken out of the field again, and the field says why. */
export function PdfField({
  label,
  set,
  hasFocus = false,
}: {
  label: string;
  set: (file: File | null) => void;
  hasFocus?: boolean;
}): ReactNode {
  const t = parts.use();
  const [isLarge, setLarge] = useState(false);
  const choose = (field: HTMLInputElement): void => {
    const file = field.files?.[0] ?? null;
    const isTooLarge = file !== null && file.size > PDF_MAX_BYTES;
    if (isTooLarge) field.value = "";
    setLarge(isTooLarge);
    set(isTooLarge ? null : file);
  };
  return (
    <Field
      label={label}
      type="file"
      accept="application/pdf"
      autoFocus={hasFocus}
      findings={isLarge ? [{ standing: "bad", text: t("pdf.large") }] : []}
      onChange={(event) => choose(event.target)}
    />
  );
}
