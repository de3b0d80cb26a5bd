/** The head of a case: its numbers, marks, facts, and the victim behind a button, because reading it is logged. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { readerOf } from "../../api/readReason.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { useDistrictName } from "../../parts/names.ts";
import { Moment } from "../../parts/time.tsx";
import { caseCommands } from "./commands.ts";
import { type CaseView, mergesOf } from "./data.ts";
import { caseText, worded } from "./text.ts";

/** How long a victim's name and number stay on the screen. */
const SHOWN_MS = 60_000;

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
        {view.counts.discrepancies > 0 && (
          <span className="chip warn">{t.count("counts.discrepancies", view.counts.discrepancies)}</span>
        )}
        {view.counts.open_tasks > 0 && (
          <span className="chip warn">{t.count("counts.tasks", view.counts.open_tasks)}</span>
        )}
        <span className="row wrap push acts">{children}</span>
      </div>
      <div className="case-facts">
        {actions.includes("read_victim") && <Victim ackNo={view.case_ack_no} />}
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

/** The victim, hidden until an officer asks. What was read is forgotten after a minute. */
function Victim({ ackNo }: { ackNo: string }): ReactNode {
  const t = caseText.use();
  const districtOf = useDistrictName();
  const [victim, setVictim] = useState<Schemas["VictimView"] | null>(null);
  const verb = useVerb({
    run: (_: null) => ok(readerOf(ackNo).GET("/api/v1/cases/{ack_no}/victim", { params: { path: { ack_no: ackNo } } })),
    done: setVictim,
  });
  useEffect(() => {
    if (victim === null) return undefined;
    const timer = setTimeout(() => setVictim(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [victim]);
  return (
    <span className="victim" aria-live="polite">
      {victim === null ? (
        <>
          <b aria-hidden="true">••••• ••••••</b>{" "}
          <CommandButton
            command={caseCommands.reveal}
            run={() => verb.act(null)}
            isDisabled={verb.isRunning}
            className="btn link"
          />{" "}
          <span className="xs mut">{t("reveal.logged")}</span>
        </>
      ) : (
        <>
          <b>{victim.victim.name}</b> · <span className="mono">{victim.victim.mobile}</span> · {districtOf(victim.district)}
          {victim.woman && <span className="chip acc">{t("woman")}</span>}
          {victim.senior && <span className="chip acc">{t("senior")}</span>}
          {victim.child && <span className="chip acc">{t("child")}</span>}{" "}
          <button type="button" className="btn link" onClick={() => setVictim(null)}>
            {t("hide")}
          </button>
        </>
      )}
    </span>
  );
}
