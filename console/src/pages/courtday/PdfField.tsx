import { type ReactNode, useId } from "react";

import { PDF_MAX_BYTES } from "../../parts/pdf.ts";
import { courtday } from "./text.ts";

/** The document of an order as a PDF. A larger file is said to be too large before it is sent. */
export function PdfField({
  label,
  file,
  set,
}: {
  label: string;
  file: File | null;
  set: (file: File | null) => void;
}): ReactNode {
  const t = courtday.use();
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="file"
        accept="application/pdf"
        className="courtday-pdf"
        aria-describedby={`${id}-found`}
        onChange={(event) => set(event.target.files?.[0] ?? null)}
      />
      <div id={`${id}-found`} aria-live="polite">
        {file !== null && file.size > PDF_MAX_BYTES && <div className="ck bad">{t("pdf.large")}</div>}
      </div>
    </div>
  );
}
