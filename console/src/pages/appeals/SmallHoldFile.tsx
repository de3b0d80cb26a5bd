/** The file of a small hold: a business may stand still because of it, so it is decided quickly. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { useLooksAt } from "../../api/presence.ts";
import { useCommand } from "../../keys/commands.ts";
import { Rupees } from "../../parts/money.tsx";
import { useBankName } from "../../parts/names.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { personOf } from "../../text/actors.ts";
import { inWords } from "../../text/rupees.ts";
import { useAct } from "./acts.ts";
import { ActBar, type ActName, useMay } from "./ActBar.tsx";
import { AppealDialog } from "./AppealDialog.tsx";
import { appealCommands } from "./commands.ts";
import { Clock } from "./GrievanceFile.tsx";
import { CaseLink, Claims, Documents, WhyHeld } from "./HoldParts.tsx";
import { type HoldFile, holdFile, useLiveFile } from "./reads.ts";
import { partOf, Release, useProposal } from "./Release.tsx";
import { Stale } from "./Stale.tsx";
import { appeals } from "./text.ts";

export function SmallHoldFile({ holdId }: { holdId: string }): ReactNode {
  const read = useQuery(holdFile(holdId));
  if (read.data) return <File file={read.data} />;
  return (
    <section className="panel">
      {read.error === null ? <LoadingState /> : <ErrorState error={read.error} reset={() => void read.refetch()} />}
    </section>
  );
}

function File({ file }: { file: HoldFile }): ReactNode {
  const t = appeals.use();
  const bankOf = useBankName();
  const navigate = useNavigate();
  const { hold } = file;
  const proposal = useProposal(hold.hold_id);
  const [dialog, setDialog] = useState<ActName | null>(null);
  const act = useAct(() => setDialog(null));
  useLiveFile(hold.hold_id, hold.case_ack_no);
  useLooksAt([`case:${hold.case_ack_no}`]);
  useCommand(appealCommands.whole_case, () => void navigate({ to: "/case/$ackNo", params: { ackNo: hold.case_ack_no } }));
  const may = useMay(null, file, proposal);
  const isDecided = hold.small_hold_decision !== null || hold.state !== "held";
  return (
    <section className="appeals-file" aria-labelledby="h-file">
      <div className="panel appeals-head">
        <p className="row wrap sm">
          <span className="chip acc">{t("small")}</span>
          {hold.waits_for && <span className="chip warn">{t(`stage.${hold.waits_for}`)}</span>}
          <span className="push">
            {t("case")} <CaseLink ackNo={hold.case_ack_no} />
          </span>
        </p>
        <h2 id="h-file">{t("small.title", { reference: hold.reference })}</h2>
        <p>
          <b className="appeals-sum">
            <Rupees paise={hold.held_paise} />
          </b>{" "}
          <span className="mut">{inWords(hold.held_paise, t.language)}</span>
        </p>
        <p className="sm">
          {t("held_at", { bank: bankOf(hold.institution), end: file.account_end })} <Clock file={file} />
        </p>
        <p className="sm mut">{t("small.why")}</p>
        {hold.small_hold_decision !== null && (
          <p className="sm">
            <span className="chip">{t(`small.${hold.small_hold_decision}`)}</span> {personOf(hold.small_hold_decided_by)}:{" "}
            {hold.small_hold_reason}
          </p>
        )}
        <Stale problem={act.stale} />
      </div>
      {!isDecided && <ActBar may={may} release={proposal?.paise} open={(name) => (act.forget(), setDialog(name))} />}
      <Release holdId={hold.hold_id} proposal={proposal} />
      <Claims file={file} part={partOf(proposal)} />
      <WhyHeld file={file} />
      <Documents ackNo={hold.case_ack_no} />
      {dialog !== null && (
        <AppealDialog name={dialog} view={null} file={file} proposal={proposal ?? null} act={act} close={() => setDialog(null)} />
      )}
      {act.proof}
    </section>
  );
}
