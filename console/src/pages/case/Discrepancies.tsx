/** Claims of banks that do not agree, side by side, to be settled by officers. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useSession } from "../../app/session.ts";
import { useBankName } from "../../parts/names.ts";
import { Moment } from "../../parts/time.tsx";
import { rupees } from "../../text/rupees.ts";
import { type Act, reasonAsk } from "./acts/act.ts";
import { OneAct } from "./acts/ActButtons.tsx";
import { Contested, FoundTransfers } from "./complaints/Doubts.tsx";
import { discrepanciesOf } from "./data.ts";
import { caseText, type CaseRead, worded } from "./text.ts";

type Discrepancy = Schemas["DiscrepancyView"];
type Decision = Schemas["ResolutionDecision"];

const OTHER_DECISIONS: readonly Decision[] = ["corrected", "noted"];

export function Discrepancies({ ackNo }: { ackNo: string }): ReactNode {
  const t = caseText.use();
  const bankOf = useBankName();
  const all = useQuery(discrepanciesOf(ackNo)).data?.items;
  const waiting = all?.filter((one) => one.resolution === null) ?? [];
  const settled = all?.filter((one) => one.resolution !== null) ?? [];
  return (
    <section className="panel" aria-labelledby="h-discrepancies">
      <header>
        <h2 id="h-discrepancies" tabIndex={-1}>
          {t("discrepancies")}
        </h2>
        {waiting.length > 0 && <span className="chip warn">{t.count("discrepancies.waiting", waiting.length)}</span>}
      </header>
      {all?.length === 0 && <p className="state">{t("discrepancies.none")}</p>}
      <ul>
        {waiting.map((one) => (
          <Waiting key={one.discrepancy_id} one={one} ackNo={ackNo} />
        ))}
      </ul>
      <Contested ackNo={ackNo} />
      <FoundTransfers ackNo={ackNo} />
      {settled.length > 0 && (
        <details className="item">
          <summary>{t.count("discrepancies.settled", settled.length)}</summary>
          <ul>
            {settled.map((one) => (
              <li key={one.discrepancy_id} className="xs">
                {worded(t, "discrepancy", one.kind)} · {bankOf(one.institution)}: {worded(t, "decision", one.resolution?.decision ?? "")}
                {" · "}
                {one.resolution?.reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Waiting({ one, ackNo }: { one: Discrepancy; ackNo: string }): ReactNode {
  const t = caseText.use();
  const bankOf = useBankName();
  const { actions } = useSession();
  const [asked, setAsked] = useState<Decision | null>(null);
  const may = actions.includes("resolve_discrepancy");
  return (
    <li className="item">
      <b>{worded(t, "discrepancy", one.kind)}</b>{" "}
      <span className="mut">
        · {bankOf(one.institution)}
        {one.hop_no !== null && ` · ${t("hop", { hop: one.hop_no })}`} · <Moment at={Date.parse(one.opened_at)} />
      </span>
      <div className="vs">
        <Claim name={t("claim.bank", { bank: bankOf(one.institution) })} paise={one.claimed_paise} may={may}>
          {() => setAsked("upheld_bank")}
        </Claim>
        <Claim name={t("claim.other")} paise={one.applied_paise} may={may}>
          {() => setAsked("upheld_other")}
        </Claim>
      </div>
      {may && (
        <span className="row wrap">
          {OTHER_DECISIONS.map((decision) => (
            <button key={decision} type="button" className="btn" onClick={() => setAsked(decision)}>
              {t(`decision.${decision}`)}
            </button>
          ))}
        </span>
      )}
      {one.proposed.length > 0 && (
        <p className="xs b warn">
          {t("discrepancies.proposed", {
            decision: one.proposed.map((decision) => worded(t, "decision", decision)).join(", "),
          })}
        </p>
      )}
      <p className="xs mut">{t("discrepancies.second")}</p>
      {asked !== null && <OneAct act={settleAct(one, asked, t)} ackNo={ackNo} close={() => setAsked(null)} />}
    </li>
  );
}

/** One of the two claims. Both have the same weight. */
function Claim({
  name,
  paise,
  may,
  children,
}: {
  name: string;
  paise: number;
  may: boolean;
  children: () => void;
}): ReactNode {
  const t = caseText.use();
  return (
    <div>
      <span className="xs mut">{name}</span>
      <b>{rupees(paise)}</b>
      {may && (
        <button type="button" className="btn" aria-label={`${name} ${rupees(paise)}: ${t("right")}`} onClick={children}>
          {t("right")}
        </button>
      )}
    </div>
  );
}

/** The act that settles a discrepancy. It may wait for a supervisor as the second officer. */
function settleAct(one: Discrepancy, decision: Decision, t: CaseRead): Act {
  return {
    name: decision,
    title: t("settle", { decision: t(`decision.${decision}`) }),
    says: `${t(`settle.${decision}`)} ${t("discrepancies.second")}`,
    asks: [reasonAsk()],
    run: (given) =>
      ok(
        api.POST("/api/v1/discrepancies/{discrepancy_id}/settle", {
          params: { path: { discrepancy_id: one.discrepancy_id } },
          body: { decision, reason: given.text("reason") },
        }),
      ),
    done: (result) =>
      t((result as Schemas["ResolutionDone"]).settled ? "discrepancies.done" : "discrepancies.waits"),
  };
}
