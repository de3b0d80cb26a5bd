/** One document of the file, beside it. The browser's own viewer shows the PDF as it was issued. */

import type { ReactNode } from "react";

import { CommandButton } from "../../parts/Button.tsx";
import { approveCommands } from "./commands.ts";
import { approve } from "./text.ts";

export function Preview({ documentId, close }: { documentId: string; close: () => void }): ReactNode {
  const t = approve.use();
  const path = `/api/v1/documents/${documentId}`;
  return (
    <section className="preview" aria-labelledby="h-preview">
      <header className="row">
        <h2 id="h-preview">{t("preview")}</h2>
        <a className="push sm" href={path} target="_blank" rel="noreferrer">
          {t("preview.alone")}
        </a>
        <CommandButton command={approveCommands.close_document} run={close} />
      </header>
      <iframe key={documentId} src={path} title={t("preview")} />
    </section>
  );
}
