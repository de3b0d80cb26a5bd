/** What stands in place of a file: that nothing waits, or the question why an officer reads the file of another case. */

import { type FormEvent, type ReactNode, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { Field } from "../../parts/Field.tsx";
import { EmptyState } from "../../parts/states.tsx";
import { dayText } from "../../text/moments.ts";
import { giveReason } from "./reads.ts";
import { approve } from "./text.ts";

const REASON_MIN_CHARS = 3;
const REASON_MAX_CHARS = 500;

export function NothingWaits({ first }: { first: Schemas["OfficerSteps"] | undefined }): ReactNode {
  const t = approve.use();
  const at = first?.later_at;
  return (
    <div className="opened">
      <EmptyState>
        <b>{t("empty")}</b>
        <br />
        {at ? t.count("empty.next", first.later_files ?? 0, { day: dayText(Date.parse(at)) }) : t("empty.none")}
      </EmptyState>
    </div>
  );
}

export function AskReason({ says, restorationId, then }: { says: string; restorationId: string; then: () => void }): ReactNode {
  const t = approve.use();
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    giveReason(restorationId, reason.trim());
    then();
  };
  return (
    <div className="opened">
      <form className="state stack ask-reason" onSubmit={submit}>
        <p role="alert">{says}</p>
        <Field
          label={t("read_reason")}
          autoFocus
          maxLength={REASON_MAX_CHARS}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <button type="submit" className="btn first" disabled={reason.trim().length < REASON_MIN_CHARS}>
          {t("read")}
        </button>
      </form>
    </div>
  );
}
