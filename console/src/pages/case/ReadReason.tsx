/** Why an officer reads a case of other officers. The read log keeps it, and the superintendent reads it. */

import { type FormEvent, type ReactNode, useState } from "react";

import { Field } from "../../parts/Field.tsx";
import { REASON_LEAST, REASON_MOST } from "./acts/form.ts";
import { caseText } from "./text.ts";

export function ReadReason({ read }: { read: (reason: string) => void }): ReactNode {
  const t = caseText.use();
  const [reason, setReason] = useState("");
  const isReady = reason.trim().length >= REASON_LEAST;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReady) read(reason.trim());
  };
  return (
    <main className="cases">
      <form className="panel stack read-reason" onSubmit={submit}>
        <h1>{t("read_reason")}</h1>
        <p>{t("read_reason.says")}</p>
        <Field
          label={t("read_reason.why")}
          value={reason}
          autoFocus
          maxLength={REASON_MOST}
          onChange={(event) => setReason(event.target.value)}
        />
        <button type="submit" className="btn first" disabled={!isReady}>
          {t("read_reason.go")}
        </button>
      </form>
    </main>
  );
}
