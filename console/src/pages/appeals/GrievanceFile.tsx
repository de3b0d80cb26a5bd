/** The file of one appeal on one page: the hold, the holder's text, the levels before, the claims, and the acts. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { useLooksAt } from "../../api/presence.ts";
import { useCommand } from "../../keys/commands.ts";
import { Rupees } from "../../parts/money.tsx";
import { useBankName } from "../../parts/names.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { Deadline, Moment } from "../../parts/time.tsx";
import { inWords } from "../../text/rupees.ts";
import { useAct } from "./acts.ts";
import { ActBar, type ActName, useMay } from "./ActBar.tsx";
import { AppealDialog } from "./AppealDialog.tsx";
import { appealCommands } from "./commands.ts";
import { CaseLink, Claims, Documents, Panel, WhyHeld } from "./HoldParts.tsx";
import { Ended, Levels } from "./Levels.tsx";
import { type Grievance, grievance, holdFile, useLiveFile } from "./reads.ts";
import { partOf, Release, useProposal } from "./Release.tsx";
import { Stale } from "./Stale.tsx";
import { appeals } from "./text.ts";

export function GrievanceFile({ grievanceId }: { grievanceId: string }): ReactNode {
  const read = useQuery(grievance(grievanceId));
  if (read.data) return <File view={read.data} />;
  return (
    <section className="panel">
      {read.error === null ? <LoadingState /> : <ErrorState error={read.error} reset={() => void read.refetch()} />}
    </section>
  );
}

function File({ view }: { view: Grievance }): ReactNode {
  const t = appeals.use();
  const bankOf = useBankName();
  const navigate = useNavigate();
  const hold = useQuery(holdFile(view.hold_id));
  const proposal = useProposal(view.hold_id);
  const [dialog, setDialog] = useState<ActName | null>(null);
  const act = useAct(() => setDialog(null));
  useLiveFile(view.grievance_id, view.case_ack_no);
  useLooksAt([`case:${view.case_ack_no}`]);
  useCommand(appealCommands.whole_case, () => void navigate({ to: "/case/$ackNo", params: { ackNo: view.case_ack_no } }));
  const may = useMay(view, hold.data, proposal);
  const last = view.levels.findLast((one) => one.ended_at !== null);
  const isOrdered = view.free_paise === 0 && view.releases.some((one) => one.state !== "cancelled");
  return (
    <section className="appeals-file" aria-labelledby="h-file">
      <div className="panel appeals-head">
        <p className="row wrap sm">
          <span className="chip acc">{t(`level.${view.level}`)}</span>
          <span className="chip">{t(`state.${view.state}`)}</span>
          {view.waits_for && <span className="chip warn">{t(`stage.${view.waits_for}`)}</span>}
          {view.due_at !== null && (
            <span className="xs">
              <Deadline at={Date.parse(view.due_at)} />{" "}
              <span className="mut">
                {t("due")} <Moment at={Date.parse(view.due_at)} />
              </span>
            </span>
          )}
          <span className="push">
            {t("case")} <CaseLink ackNo={view.case_ack_no} />
          </span>
        </p>
        <h2 id="h-file">{t("title", { number: view.number })}</h2>
        <p>
          <b className="appeals-sum">
            <Rupees paise={view.held_paise} />
          </b>{" "}
          <span className="mut">{inWords(view.held_paise, t.language)}</span>
        </p>
        <p className="sm">
          {t("held_at", { bank: bankOf(view.institution), end: hold.data?.account_end ?? "" })}{" "}
          {view.free_paise < view.held_paise && (
            <>
              <Rupees paise={view.free_paise} /> {t("is_free")}{" "}
            </>
          )}
          {isOrdered ? t("ordered.all") : hold.data && <Clock file={hold.data} />}
        </p>
        <Stale problem={act.stale}>{last && <LastAct level={last} />}</Stale>
      </div>
      <ActBar may={may} release={proposal?.paise} open={(name) => (act.forget(), setDialog(name))} />
      <div className="appeals-two">
        <Panel id="h-said" title={t("said")}>
          <blockquote className="appeals-body" lang={view.language}>
            {view.text}
            <footer className="xs mut">
              <Moment at={Date.parse(view.opened_at)} />
              {view.contact && ` · ${t("contact", { contact: view.contact })}`}
            </footer>
          </blockquote>
        </Panel>
        <Levels view={view} />
      </div>
      <Release holdId={view.hold_id} proposal={proposal} />
      <Orders view={view} />
      {hold.error !== null && <ErrorState error={hold.error} reset={() => void hold.refetch()} />}
      {hold.isPending && <LoadingState />}
      {hold.data && !isOrdered && <Claims file={hold.data} part={partOf(proposal)} />}
      {hold.data && <WhyHeld file={hold.data} />}
      <Documents ackNo={view.case_ack_no} />
      {dialog !== null && (
        <AppealDialog name={dialog} view={view} file={hold.data} proposal={proposal ?? null} act={act} close={() => setDialog(null)} />
      )}
      {act.proof}
    </section>
  );
}

function LastAct({ level }: { level: Grievance["levels"][number] }): ReactNode {
  const t = appeals.use();
  return (
    <span>
      {t("last", { level: t(`level.${level.level}`) })} <Ended level={level} />
    </span>
  );
}

/** Until when the money stays on hold by itself. */
export function Clock({ file }: { file: { hold: { lapses_at: string; retained_by_kind: string | null } } }): ReactNode {
  const t = appeals.use();
  return file.hold.retained_by_kind === null ? (
    <>
      {t("lapses")} <Moment at={Date.parse(file.hold.lapses_at)} />
    </>
  ) : (
    <>{t("retained")}</>
  );
}

/** What banks were ordered because of the appeal. */
function Orders({ view }: { view: Grievance }): ReactNode {
  const t = appeals.use();
  if (view.releases.length === 0) return null;
  return (
    <Panel id="h-orders" title={t("ordered")}>
      <ul className="appeals-body sm">
        {view.releases.map((one) => (
          <li key={one.order_id}>
            <Rupees paise={one.ordered_paise} /> · <Moment at={Date.parse(one.ordered_at)} /> ·{" "}
            {one.confirmed_paise > 0 ? (
              <>
                {t("ordered.done")} <Rupees paise={one.confirmed_paise} />
              </>
            ) : (
              t(`ordered.${one.state}`)
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
