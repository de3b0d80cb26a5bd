/** Documents of the case, the newest first. Each opens as the PDF that was issued. A new one is read before its issue. */

import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useState } from "react";

import { useSession } from "../../../app/session.ts";
import { CommandButton } from "../../../parts/Button.tsx";
import { fetchCode } from "../../../parts/fetchCode.ts";
import { Moment } from "../../../parts/time.tsx";
import { caseCommands } from "../commands.ts";
import { type CaseView, documentsOf } from "../data.ts";
import { caseText, worded } from "../text.ts";

const DIGEST_CHARS = 12;
const IssueDialog = lazy(() => fetchCode(() => import("./IssueDialog.tsx")));

export function Documents({ view }: { view: CaseView }): ReactNode {
  const t = caseText.use();
  const { actions } = useSession();
  const [isAsked, setAsked] = useState(false);
  const documents = useQuery(documentsOf(view.case_ack_no)).data?.items;
  return (
    <section className="panel" aria-labelledby="h-documents">
      <header>
        <h2 id="h-documents" tabIndex={-1}>
          {t("documents")}
        </h2>
        <span className="xs mut">{t("documents.how")}</span>
        {actions.includes("issue_document") && (
          <CommandButton command={caseCommands.issue} run={() => setAsked(true)} className="btn push" />
        )}
      </header>
      {documents?.length === 0 && <p className="state">{t("documents.none")}</p>}
      <ul>
        {documents?.map((one) => (
          <li key={one.document_id} className="item doc">
            <a href={`/api/v1/documents/${one.document_id}`} target="_blank" rel="noreferrer">
              {worded(t, "document", one.kind)}
            </a>
            <span className="xs mut push nw">
              <Moment at={Date.parse(one.issued_at)} /> · {worded(t, "document_language", one.language)}
            </span>
            <span className="all xs mut">
              {one.number}
              {one.revision > 1 && ` · ${t("revision", { revision: one.revision })}`} · SHA-256{" "}
              <span className="mono" title={one.digest}>
                {one.digest.slice(0, DIGEST_CHARS)}…
              </span>
            </span>
          </li>
        ))}
      </ul>
      {isAsked && (
        <Suspense fallback={null}>
          <IssueDialog view={view} issued={documents ?? []} close={() => setAsked(false)} />
        </Suspense>
      )}
    </section>
  );
}
