/** Parts of a file about its hold: how the money came there, whose claims a release takes, and documents. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useSession } from "../../app/session.ts";
import { Rupees } from "../../parts/money.tsx";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { rupees } from "../../text/rupees.ts";
import { caseText, worded } from "../case/text.ts";
import { documents, type HoldFile } from "./reads.ts";
import { appeals } from "./text.ts";

export function Panel({ id, title, children }: { id: string; title: string; children: ReactNode }): ReactNode {
  return (
    <section className="panel" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
      </header>
      {children}
    </section>
  );
}

/** The transfers that put money on hold, each with the banks it went through. */
export function WhyHeld({ file }: { file: HoldFile }): ReactNode {
  const t = appeals.use();
  return (
    <Panel id="h-why" title={t("why")}>
      {file.transfers.length === 0 ? (
        <p className="state">{t("why.none")}</p>
      ) : (
        <div className="appeals-scroll" role="region" aria-labelledby="h-why" tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">{t("why.transfer")}</th>
                <th scope="col">{t("why.banks")}</th>
                <th scope="col">{t("why.at")}</th>
                <th scope="col" className="num">
                  {t("why.amount")}
                </th>
                <th scope="col" className="num">
                  {t("why.held")}
                </th>
              </tr>
            </thead>
            <tbody>
              {file.transfers.map((one) => (
                <tr key={one.hop_no}>
                  <td className="nw">{t("why.layer", { number: one.hop_no, layer: one.layer })}</td>
                  <td>{one.banks.join(" → ")}</td>
                  <td>
                    <Moment at={Date.parse(one.transferred_at)} />
                  </td>
                  <td className="num">
                    <Rupees paise={one.amount_paise} />
                  </td>
                  <td className="num b">
                    <Rupees paise={one.held_paise} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {file.more_transfers && <p className="appeals-body xs mut">{t("why.more")}</p>}
    </Panel>
  );
}

/** What each victim has on hold there, and what is left to each if all of it is released. `part`: what is proposed, if it is less. */
export function Claims({ file, part = null }: { file: HoldFile; part?: number | null }): ReactNode {
  const t = appeals.use();
  const tc = caseText.use();
  if (file.claims.length === 0) return null;
  return (
    <Panel id="h-claims" title={t("claims")}>
      <div className="appeals-scroll" role="region" aria-labelledby="h-claims" tabIndex={0}>
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">{t("claims.complaint")}</th>
              <th scope="col" className="num">
                {t("claims.here")}
              </th>
              <th scope="col" className="num">
                {t("claims.in_all")}
              </th>
              <th scope="col" className="num">
                {t("claims.left")}
              </th>
              <th scope="col">{t("claims.restoration")}</th>
            </tr>
          </thead>
          <tbody>
            {file.claims.map((one) => (
              <tr key={one.ack_no}>
                <td className="mono">{one.ack_no}</td>
                <td className="num b">
                  <Rupees paise={one.held_here_paise} />
                </td>
                <td className="num">
                  <Rupees paise={one.held_paise} />
                </td>
                <td className="num">
                  <Rupees paise={one.held_paise - one.held_here_paise} />
                </td>
                <td>{one.step === null ? t("claims.none") : worded(tc, "step", one.step)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="appeals-body xs mut">
        {part === null
          ? t("claims.means", { sum: rupees(file.claims.reduce((sum, one) => sum + one.held_here_paise, 0)) })
          : t("claims.means_part", { part: rupees(part) })}
      </p>
    </Panel>
  );
}

/** Documents of the case, as they were issued. */
export function Documents({ ackNo }: { ackNo: string }): ReactNode {
  const t = appeals.use();
  const tc = caseText.use();
  const { actions } = useSession();
  const found = useQuery({ ...documents(ackNo), enabled: actions.includes("read_documents") });
  return (
    <Panel id="h-documents" title={t("documents")}>
      {found.error !== null && <ErrorState error={found.error} reset={() => void found.refetch()} />}
      {found.isPending && <LoadingState />}
      {found.data?.items.length === 0 && <p className="state">{t("documents.none")}</p>}
      <ul className="appeals-body appeals-docs">
        {found.data?.items.map((one) => (
          <li key={one.document_id}>
            <a href={`/api/v1/documents/${one.document_id}`} target="_blank" rel="noreferrer">
              {worded(tc, "document", one.kind)}
            </a>
            <span className="xs mut nw">
              {worded(tc, "document_language", one.language)} · {one.number} · <Moment at={Date.parse(one.issued_at)} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function CaseLink({ ackNo }: { ackNo: string }): ReactNode {
  return (
    <Link to="/case/$ackNo" params={{ ackNo }} className="mono">
      {ackNo}
    </Link>
  );
}
