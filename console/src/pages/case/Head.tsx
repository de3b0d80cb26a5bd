/** The head of a case: its numbers, marks and facts, and the victim of the first complaint. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useSession } from "../../app/session.ts";
import { Moment } from "../../parts/time.tsx";
import { type CaseView, mergesOf } from "./data.ts";
import { caseText, worded } from "./text.ts";
import { Victim } from "./Victim.tsx";

export function CaseHead({ view, children }: { view: CaseView; children: ReactNode }): ReactNode {
  const t = caseText.use();
  const { actions } = useSession();
  const others = view.ack_nos.filter((one) => one !== view.case_ack_no);
  const [first] = view.complaints;
  return (
    <>
      {actions.includes("read_restoration") && <Merged ackNo={view.case_ack_no} />}
      <div className="title">
        <h1 className="mono">{view.case_ack_no}</h1>
        {others.map((one) => (
          <span key={one} className="chip" title={t("also.title")}>
            {t("also")} <span className="mono">{one}</span>
          </span>
        ))}
        <span className={view.state === "open" ? "chip acc" : "chip"}>{t(`state.${view.state}`)}</span>
        {view.complaints.some((one) => one.marked) && (
          <span className="chip warn" title={t("marked.title")}>
            {t("marked")}
          </span>
        )}
        {view.counts.discrepancies > 0 && (
          <span className="chip warn">{t.count("counts.discrepancies", view.counts.discrepancies)}</span>
        )}
        {view.counts.open_tasks > 0 && (
          <span className="chip warn">{t.count("counts.tasks", view.counts.open_tasks)}</span>
        )}
        <span className="row wrap push acts">{children}</span>
      </div>
      <div className="case-facts">
        {actions.includes("read_victim") && <Victim ackNo={view.case_ack_no} complaint={view.case_ack_no} />}
        {first && <span>{worded(t, "category", first.category)}</span>}
        <span>
          {t("opened")} <Moment at={Date.parse(view.opened_at)} />
        </span>
        <span>{t.count("counts.complaints", view.counts.complaints)}</span>
        <span>{t.count("counts.hops", view.counts.hops)}</span>
        <span>{t.count("counts.answers", view.counts.answers)}</span>
      </div>
    </>
  );
}

/** That the case is merged with others now, and with which. */
function Merged({ ackNo }: { ackNo: string }): ReactNode {
  const t = caseText.use();
  const merges = useQuery(mergesOf(ackNo)).data?.merges.filter((one) => one.undone_at === null) ?? [];
  return merges.map((one) => {
    const other = one.primary_case_no === ackNo ? one.merged_case_no : one.primary_case_no;
    const what = one.decided_at === null ? "proposed" : one.primary_case_no === ackNo ? "primary" : "merged";
    if (one.decision === "rejected") return null;
    return (
      <p key={one.merge_id} className="note acc merged">
        {t(`merge.${what}`)}{" "}
        <Link to="/case/$ackNo" params={{ ackNo: other }} className="mono">
          {other}
        </Link>
        . {one.reason}
      </p>
    );
  });
}
