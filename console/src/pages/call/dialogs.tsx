/** Dialogs of a call: hand it over, call a missed one back, and end or finish it. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import type { Problem } from "../../api/problem.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { OfficerField } from "../../parts/OfficerField.tsx";
import { ReasonLine } from "../../parts/ReasonField.tsx";
import { EmptyState, LoadingState } from "../../parts/states.tsx";
import { TextArea } from "../../parts/TextArea.tsx";
import { Moment } from "../../parts/time.tsx";
import { isReason, NOTE_MAX_CHARS } from "../../text/reason.ts";
import { type Line, teamOfficers, waitingDrafts } from "./drafts.ts";
import { call } from "./text.ts";

export function HandOver({
  isRunning,
  refusal,
  give,
  close,
}: {
  isRunning: boolean;
  refusal: Problem | null;
  give: (to: string, note: string) => void;
  close: () => void;
}): ReactNode {
  const t = call.use();
  const [to, setTo] = useState("");
  const [note, setNote] = useState("");
  const officers = useQuery(teamOfficers).data ?? [];
  return (
    <AskDialog
      title={t("cmd.hand_over")}
      isReady={!isRunning && to !== ""}
      problem={null}
      run={() => give(to, note.trim())}
      close={close}
    >
      <OfficerField
        label={t("hand_to")}
        officers={officers}
        set={setTo}
        findings={refusal ? [{ standing: "bad", ...refusal.said() }] : []}
      />
      <TextArea label={t("hand_note")} value={note} set={setNote} maxLength={NOTE_MAX_CHARS} />
    </AskDialog>
  );
}

export function Waiting({ take, close }: { take: (line: Line, reason: string) => void; close: () => void }): ReactNode {
  const t = call.use();
  const { data: lines } = useQuery(waitingDrafts);
  return (
    <Modal title={t("cmd.waiting")} close={close}>
      {lines === undefined && <LoadingState />}
      {lines?.length === 0 && <EmptyState>{t("none_waiting")}</EmptyState>}
      <ul className="waiting">
        {lines?.map((line) => (
          <WaitingLine key={line.draft_id} line={line} take={(reason) => take(line, reason)} />
        ))}
      </ul>
    </Modal>
  );
}

/** A missed call, or the call of an officer who is away, which is taken over with a reason. */
function WaitingLine({ line, take }: { line: Line; take: (reason: string) => void }): ReactNode {
  const t = call.use();
  const [reason, setReason] = useState("");
  const isOwned = line.owner !== null;
  return (
    <li>
      <span className="b">{line.name || `•••••• ${line.mobile_end}`}</span>
      <span className="mut">
        {isOwned ? t("of_officer", { officer: line.owner ?? "" }) : t.count("times_called", line.calls)}{" "}
        {line.last_call_at && <Moment at={Date.parse(line.last_call_at)} />}
      </span>
      {isOwned && <ReasonLine label={t("reason")} value={reason} set={setReason} />}
      <button type="button" className="btn push" disabled={isOwned && !isReason(reason)} onClick={() => take(reason.trim())}>
        {t(isOwned ? "take" : "call_back")}
      </button>
    </li>
  );
}

/** Asks before an act that cannot be taken back. */
export function Sure({
  title,
  text,
  act,
  isDanger = false,
  run,
  close,
}: {
  title: string;
  text: string;
  act: string;
  isDanger?: boolean;
  run: () => void;
  close: () => void;
}): ReactNode {
  return (
    <AskDialog title={title} says={text} act={act} isReady problem={null} run={run} close={close} isDanger={isDanger} actHasFocus />
  );
}
