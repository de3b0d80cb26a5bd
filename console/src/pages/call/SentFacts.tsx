import type { ReactNode } from "react";

import { Rupees } from "../../parts/money.tsx";
import { localText } from "../../text/moments.ts";
import type { Content, Party } from "./content.ts";
import { bankText, type Institution } from "./institutions.ts";
import { call } from "./text.ts";

const END_CHARS = 4;

/** The transfers about which the banks are asked, as they were sent. */
export function SentFacts({
  content,
  isTold,
  institutions,
}: {
  content: Content;
  isTold: (index: number) => boolean;
  institutions: readonly Institution[];
}): ReactNode {
  const t = call.use();
  const sent = (content.transfers ?? []).filter((_, index) => isTold(index));
  if (sent.length === 0) return null;
  const end = (party: Party | undefined): string => {
    const holder = party?.account || party?.vpa || party?.wallet || "";
    const shown = holder.includes("@") ? holder : holder && `••${holder.slice(-END_CHARS)}`;
    return [bankText(party?.ifsc ? { institution: party.institution || party.ifsc } : party, institutions), shown].filter(Boolean).join(" ");
  };
  return (
    <section className="panel" aria-labelledby="h-sent">
      <header>
        <h2 id="h-sent">{t("as_sent")}</h2>
        <span className="xs mut">{t("correct_at_desk")}</span>
      </header>
      <div className="scroll">
        <table className="grid">
          <thead>
            <tr>
              <th>{t("paid_from")}</th>
              <th>{t("paid_to")}</th>
              <th className="num">{t("rupees")}</th>
              <th>{t("reference")}</th>
              <th>{t("moment")}</th>
            </tr>
          </thead>
          <tbody>
            {sent.map((one) => (
              <tr key={`${one.rrn}${one.utr}${one.payee?.account}`}>
                <td>{end(one.payer)}</td>
                <td>{end(one.payee)}</td>
                <td className="num b">{one.amount_paise ? <Rupees paise={one.amount_paise} /> : "–"}</td>
                <td className="mono">{one.rrn || one.utr}</td>
                <td className="mono nw">{localText(one.transferred_at ?? "")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
