import { type FormEvent, type ReactNode, useState } from "react";

import { isReason } from "../text/reason.ts";
import { parts } from "./catalogue.ts";
import { ReasonLine } from "./ReasonField.tsx";

/** Why an officer reads a case of other officers. The read log keeps it, and the superintendent reads it. */
export function ReadReason({ read }: { read: (reason: string) => void }): ReactNode {
  const t = parts.use();
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReason(reason)) read(reason.trim());
  };
  return (
    <form className="panel read-reason" onSubmit={submit}>
      <h2>{t("read_reason")}</h2>
      <p>{t("read_reason.says")}</p>
      <ReasonLine label={t("read_reason.why")} value={reason} set={setReason} hasFocus />
      <button type="submit" className="btn first" disabled={!isReason(reason)}>
        {t("read_reason.go")}
      </button>
    </form>
  );
}
