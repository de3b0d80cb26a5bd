/** Dialogs of a call: hand it over, call a missed one back, and end or finish it. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { Field } from "../../parts/Field.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { EmptyState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { type Line, waitingDrafts } from "./drafts.ts";
import { call } from "./text.ts";

const NOTE_MAX_CHARS = 500;
const REASON_MAX_CHARS = 500;

export function HandOver({
  isRunning,
  refusal,
  give,
  close,
}: {
  isRunning: boolean;
  refusal: string;
  give: (to: string, note: string) => void;
  close: () => void;
}): ReactNode {
  const t = call.use();
  const [to, setTo] = useState("");
  const [note, setNote] = useState("");
  return (
    <Modal title={t("cmd.hand_over")} close={close}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (to.trim()) give(to.trim(), note.trim());
        }}
      >
        <Field
          label={t("hand_to")}
          autoFocus
          maxLength={64}
          value={to}
          findings={refusal ? [{ standing: "bad", text: refusal }] : []}
          onChange={(event) => setTo(event.target.value)}
        />
        <label>
          {t("hand_note")}
          <textarea className="in" rows={3} maxLength={NOTE_MAX_CHARS} value={note} onChange={(event) => setNote(event.target.value)} />
        </label>
        <div className="row">
          <button type="submit" className="btn first" disabled={isRunning || !to.trim()}>
            {t("cmd.hand_over")}
          </button>
          <button type="button" className="btn" onClick={close}>
            {t("cancel")}
          </button>
        </div>
      </form>
    </Modal>
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
      {isOwned && <Field label={t("reason")} maxLength={REASON_MAX_CHARS} value={reason} onChange={(event) => setReason(event.target.value)} />}
      <button type="button" className="btn push" disabled={isOwned && !reason.trim()} onClick={() => take(reason.trim())}>
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
  run,
  close,
}: {
  title: string;
  text: string;
  act: string;
  run: () => void;
  close: () => void;
}): ReactNode {
  const t = call.use();
  return (
    <Modal title={title} close={close}>
      <p>{text}</p>
      <div className="row">
        <button type="button" className="btn first" autoFocus onClick={run}>
          {act}
        </button>
        <button type="button" className="btn" onClick={close}>
          {t("cancel")}
        </button>
      </div>
    </Modal>
  );
}
