/** Restorations of the case: the route and why, the steps with their due days, and what may be done now. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useSession } from "../../../app/session.ts";
import { Rupees } from "../../../parts/money.tsx";
import { useBankName } from "../../../parts/names.ts";
import { Moment } from "../../../parts/time.tsx";
import { rupees } from "../../../text/rupees.ts";
import { isInVain } from "../../approve/figures.ts";
import { ActButtons } from "../acts/ActButtons.tsx";
import { actsText } from "../acts/text.ts";
import { holdsOf, policeOf, restorationOf, restorationsOf } from "../data.ts";
import { caseText, worded } from "../text.ts";
import { type CourtOrder, type Ends, named, objectionActs, restorationActs, type View } from "./acts.ts";

export function Restorations({ ackNo }: { ackNo: string }): ReactNode {
  const t = caseText.use();
  const found = useQuery(restorationsOf(ackNo)).data?.restorations;
  return (
    <section className="panel" aria-labelledby="h-restoration">
      <header>
        <h2 id="h-restoration" tabIndex={-1}>
          {t("restoration")}
        </h2>
      </header>
      {found?.length === 0 && <p className="state">{t("restoration.none")}</p>}
      {found?.map((one) => <One key={one.restoration_id} ackNo={ackNo} restorationId={one.restoration_id} />)}
    </section>
  );
}

function One({ ackNo, restorationId }: { ackNo: string; restorationId: string }): ReactNode {
  const t = caseText.use();
  const a = actsText.use();
  const { data: view } = useQuery(restorationOf(ackNo, restorationId));
  const takesOrder = view?.may.includes("take_order") === true;
  const orders = useQuery({ ...policeOf(ackNo), enabled: takesOrder }).data?.court_orders ?? [];
  const { actions } = useSession();
  const holds = useQuery({ ...holdsOf(ackNo), enabled: actions.includes("read_hold") }).data?.items ?? [];
  const ends = new Map(holds.map((one) => [one.hold_id, one.account_end]));
  if (!view) return <p className="state">{t("restoration.loading")}</p>;
  const acts = restorationActs(view, orders.filter(countsNow), ends, { t, a });
  const isOpen = view.state === "open";
  return (
    <>
      <div className="item row wrap">
        <span className="chip acc">{view.route === null ? t("route.open") : worded(t, "route", view.route)}</span>
        <span className="chip">{worded(t, "restoration_state", view.state)}</span>
        <span className="xs mut mono">{view.ack_no}</span>
        {view.overdue && <span className="chip bad">{t("overdue")}</span>}
        {!isInVain(view) && (
          <b className="push">
            <Rupees paise={view.held_paise} /> {t("on_hold")}
          </b>
        )}
      </div>
      {view.route_reasons.length > 0 && (
        <p className="item xs mut">
          <b className="ink">{t("why_route")}</b>{" "}
          {view.route_reasons.map((reason) => worded(t, "route_reason", reason)).join(" ")}
        </p>
      )}
      <ol className="st">
        {view.steps.map((step) => {
          const isNow = step.ended_at === null && isOpen;
          return (
            <li
              key={`${step.step} ${step.visit_no}`}
              className={isNow ? "now" : "done"}
              aria-current={isNow ? "step" : undefined}
            >
              <i aria-hidden="true">{isNow ? "" : "✓"}</i>
              <span>
                {isNow ? <b>{worded(t, "step", step.step)}</b> : worded(t, "step", step.step)}
                {step.outcome !== null && <span className="xs mut"> · {worded(t, "outcome", step.outcome)}</span>}
                {step.reason !== "" && <span className="xs mut block">{step.reason}</span>}
                {isNow && view.prepared_by !== null && step.step === "approval" && (
                  <span className="xs mut block">{t("prepared_by", { officer: view.prepared_by })}</span>
                )}
                {isNow && (
                  <ActButtons acts={acts} ackNo={ackNo}>
                    {view.may.includes("approve") && (
                      <Link className="btn" to="/restorations/$restorationId" params={{ restorationId }}>
                        {a("approve.there")}
                      </Link>
                    )}
                  </ActButtons>
                )}
              </span>
              <span className="xs nw">
                {isNow && step.due_at !== null && (
                  <b>
                    {t("due")} <Moment at={Date.parse(step.due_at)} />
                  </b>
                )}
                {!isNow && step.ended_at !== null && <Moment at={Date.parse(step.ended_at)} />}
              </span>
            </li>
          );
        })}
      </ol>
      {!isOpen && (
        <div className="item">
          {view.reason !== "" && view.reason !== view.steps.at(-1)?.reason && <p className="xs mut">{view.reason}</p>}
          <ActButtons acts={acts} ackNo={ackNo} />
        </div>
      )}
      <Objections view={view} ackNo={ackNo} />
      <Lines view={view} ends={ends} />
    </>
  );
}

/** Whether the restoration can go on by a court order: a second officer has confirmed it, and it was not ended. */
function countsNow(order: CourtOrder): boolean {
  return order.confirmed_at !== null && order.withdrawn_at === null && order.ended_as == null;
}

function Objections({ view, ackNo }: { view: View; ackNo: string }): ReactNode {
  const t = caseText.use();
  const a = actsText.use();
  return view.objections.map((one) => (
    <div key={one.objection_id} className="item">
      <b>{a("objection.of", { who: worded(a, "objector", one.by_whom) })}</b>{" "}
      <span className="xs mut">
        <Moment at={Date.parse(one.received_at)} />
        {one.decision !== null && ` · ${a(`objection.was.${one.decision}`)}`}
      </span>
      <p>{one.text}</p>
      {one.decision !== null && <p className="xs mut">{one.reason}</p>}
      {one.decision === null && <p className="xs b warn">{a(one.release_hears_until ? "objection.release_waits" : "objection.waits")}</p>}
      <ActButtons acts={objectionActs(view, one, { t, a })} ackNo={ackNo} />
    </div>
  ));
}

/** What comes from each account, and who is credited. */
function Lines({ view, ends }: { view: View; ends: Ends }): ReactNode {
  const a = actsText.use();
  const bankOf = useBankName();
  // What ended without a credit names no account: its money may be another victim’s by now.
  const others = isInVain(view) ? [] : (view.beneficiaries ?? []);
  return (
    <>
      {view.lines.length > 0 && (
        <details className="item">
          <summary>{a.count("lines", view.lines.length)}</summary>
          <ul className="lines">
            {view.lines.map((line) => (
              <li key={`${line.hold_id} ${line.hop_no}`} className="row wrap xs">
                <span>
                  {named(bankOf(line.institution), ends.get(line.hold_id))} · {a("lines.hop", { hop: line.hop_no })}
                </span>
                <span className="push nw">
                  {rupees(line.held_paise)}
                  {line.due_paise !== null && ` → ${rupees(line.due_paise)}`}
                </span>
                {line.excluded_as !== null && <span className="chip">{a(`excluded.${line.excluded_as}`)}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
      {others.map((one) => (
        <p key={`${one.institution} ${one.account_end}`} className="item xs">
          {one.account_end
            ? a("credited", { bank: bankOf(one.institution), end: one.account_end })
            : a("credited.unknown", { bank: bankOf(one.institution) })}
          {one.credit_account_id != null && <span className="chip warn">{a("credited.other")}</span>}
        </p>
      ))}
    </>
  );
}
