/** A verb that is confirmed with its reason. It says before what will happen and who else must agree. */

import { type ReactNode, useState } from "react";

import { Modal } from "../../parts/Modal.tsx";
import { caseText } from "./text.ts";

const REASON_MAX = 500;

export function ReasonDialog({
  title,
  says,
  close,
  act,
  isRunning,
  needsReason = true,
}: {
  title: string;
  says: string;
  close: () => void;
  act: (reason: string) => void;
  isRunning: boolean;
  needsReason?: boolean;
}): ReactNode {
  const t = caseText.use();
  const [reason, setReason] = useState("");
  const isReady = !isRunning && (!needsReason || reason.trim().length > 0);
  return (
    <Modal title={title} close={close}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) act(reason.trim());
        }}
      >
        {says && <p className="note acc">{says}</p>}
        {needsReason && (
          <div>
            <label htmlFor="verb-reason">{t("reason")}</label>
            <textarea
              id="verb-reason"
              className="in"
              rows={3}
              autoFocus
              required
              maxLength={REASON_MAX}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          </div>
        )}
        <div className="row">
          <button type="submit" className="btn first" disabled={!isReady}>
            {title}
          </button>
          <button type="button" className="btn" onClick={close}>
            {t("leave")}
          </button>
        </div>
      </form>
    </Modal>
  );
}
