/** Restorations of the case: the route and why, the steps with their due days, and what may be done now. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { Rupees } from "../../parts/money.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { casePart, restorationOf, restorationsOf } from "./data.ts";
import { ReasonDialog } from "./ReasonDialog.tsx";
import { caseText, worded } from "./text.ts";

type View = Schemas["RestorationView"];

/** Verbs that need no more than the step, or a reason. The others have fields of their own. */
const ACTS = {
  receive_application: "receive-application",
  verify: "verify",
  prepare: "prepare",
  approve: "approve",
  receive_bond: "receive-bond",
  refuse: "refuse",
  cancel: "cancel",
} as const;
type Act = keyof typeof ACTS;
const WITH_REASON: ReadonlySet<string> = new Set(["refuse", "cancel"]);

function isAct(verb: string): verb is Act {
  return verb in ACTS;
}

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
  const { data: view } = useQuery(restorationOf(ackNo, restorationId));
  if (!view) return <p className="state">{t("restoration.loading")}</p>;
  return (
    <>
      <div className="item row wrap">
        <span className="chip acc">{view.route === null ? t("route.open") : worded(t, "route", view.route)}</span>
        <span className="chip">{worded(t, "restoration_state", view.state)}</span>
        {view.overdue && <span className="chip bad">{t("overdue")}</span>}
        <b className="push">
          <Rupees paise={view.held_paise} /> {t("on_hold")}
        </b>
      </div>
      {view.route_reasons.length > 0 && (
        <p className="item xs mut">
          <b className="ink">{t("why_route")}</b>{" "}
          {view.route_reasons.map((reason) => worded(t, "route_reason", reason)).join(" ")}
        </p>
      )}
      <ol className="st">
        {view.steps.map((step) => {
          const isNow = step.ended_at === null && view.state === "open";
          return (
            <li key={`${step.step} ${step.visit_no}`} className={isNow ? "now" : "done"} aria-current={isNow ? "step" : undefined}>
              <i aria-hidden="true">{isNow ? "" : "✓"}</i>
              <span>
                {isNow ? <b>{worded(t, "step", step.step)}</b> : worded(t, "step", step.step)}
                {step.outcome !== null && <span className="xs mut"> · {worded(t, "outcome", step.outcome)}</span>}
                {isNow && <Acts view={view} ackNo={ackNo} />}
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
    </>
  );
}

function Acts({ view, ackNo }: { view: View; ackNo: string }): ReactNode {
  const t = caseText.use();
  const [asked, setAsked] = useState<Act | null>(null);
  const verb = useVerb({
    run: ({ act, reason }: { act: Act; reason: string }) => {
      const params = { path: { restoration_id: view.restoration_id } };
      const body = { step: view.step, visit_no: view.visit_no };
      return act === "refuse" || act === "cancel"
        ? ok(api.POST(`/api/v1/restorations/{restoration_id}/${ACTS[act]}`, { params, body: { ...body, reason } }))
        : ok(api.POST(`/api/v1/restorations/{restoration_id}/${ACTS[act]}`, { params, body }));
    },
    readAgain: [casePart(ackNo)],
    done: () => {
      say({ kind: "good", text: t("done") });
      setAsked(null);
    },
  });
  const may = view.may.filter(isAct);
  return (
    <>
      {view.prepared_by !== null && view.step === "approval" && (
        <span className="xs mut block">{t("prepared_by", { officer: view.prepared_by })}</span>
      )}
      {may.length > 0 && (
        <span className="row wrap">
          {may.map((act) => (
            <button key={act} type="button" className="btn" onClick={() => setAsked(act)}>
              {t(`act.${act}`)}
            </button>
          ))}
        </span>
      )}
      {asked !== null && (
        <ReasonDialog
          title={t(`act.${asked}`)}
          says={t(`act_says.${asked}`)}
          close={() => setAsked(null)}
          needsReason={WITH_REASON.has(asked)}
          isRunning={verb.isRunning}
          act={(reason) => verb.act({ act: asked, reason })}
        />
      )}
    </>
  );
}
