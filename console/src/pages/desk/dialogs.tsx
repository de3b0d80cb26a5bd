/** Dialogs of acts: a reason, whom an item goes to, until when it sleeps, and the name of a view. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { AskDialog } from "../../parts/AskDialog.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { OfficerField } from "../../parts/OfficerField.tsx";
import { ReasonLine } from "../../parts/ReasonField.tsx";
import { serverNow } from "../../text/clock.ts";
import { minuteText } from "../../text/moments.ts";
import { isReason } from "../../text/reason.ts";
import { teamOfficers } from "./queue.ts";
import { desk } from "./text.ts";
import { type UnsentKey, useUnsent } from "./unsent.ts";
import type { SnoozeTerms } from "./verbs.ts";

export interface DialogProps<Input> {
  readonly title: string;
  /** which items, and how many */
  readonly about: string;
  /** where the typed text is kept until the act is done */
  readonly unsent?: UnsentKey;
  /** does the act, and closes the dialog or shows the outcome in its place */
  readonly run: (input: Input) => void;
  readonly close: () => void;
}

export function Reason({ title, about, unsent = "", run, close }: DialogProps<string>): ReactNode {
  const t = desk.use();
  const [reason, setReason] = useUnsent(unsent);
  return (
    <AskDialog title={title} says={about} problem={null} isReady={isReason(reason)} run={() => run(reason.trim())} close={close}>
      <ReasonLine label={t("reason")} value={reason} set={setReason} hasFocus />
    </AskDialog>
  );
}

export interface Gift {
  readonly to: string;
  readonly note: string;
}

export function PassOn({ title, about, unsent = "", run, close }: DialogProps<Gift>): ReactNode {
  const t = desk.use();
  const [to, setTo] = useState("");
  const [text, setText] = useUnsent(unsent);
  const officers = useQuery(teamOfficers).data ?? [];
  const isReady = to !== "" && isReason(text);
  return (
    <AskDialog title={title} says={about} problem={null} isReady={isReady} run={() => run({ to, note: text.trim() })} close={close}>
      <OfficerField label={t("pass_to")} officers={officers} set={setTo} />
      <ReasonLine label={t("pass_note")} value={text} set={setText} />
    </AskDialog>
  );
}

const MINUTES = [10, 30, 60, 240, 720] as const;

/** Events of a case that may make a sleeping item worth a look. */
const EVENTS = [
  "answer_received",
  "request_delivered",
  "hop_corrected",
  "discrepancy_resolved",
  "fir_registered",
  "court_order_taken",
  "application_signed",
] as const;

export function Snooze({ title, about, run, close }: DialogProps<SnoozeTerms>): ReactNode {
  const t = desk.use();
  const [event, setEvent] = useState<SnoozeTerms["for_event"]>(null);
  return (
    <Modal title={title} close={close}>
      <p className="sm">{about}</p>
      <div className="stack">
        <Choose
          label={t("wake")}
          value={event ?? ""}
          onChange={(chosen) => setEvent(EVENTS.find((one) => one === chosen.target.value) ?? null)}
        >
          <option value="">{t("wake.none")}</option>
          {EVENTS.map((one) => (
            <option key={one} value={one}>
              {t(`wake.${one}`)}
            </option>
          ))}
        </Choose>
        {MINUTES.map((minutes, index) => {
          const until = serverNow() + minutes * 60_000;
          return (
            <button
              key={minutes}
              type="button"
              className="btn"
              autoFocus={index === 0}
              onClick={() => run({ until: new Date(until).toISOString(), for_event: event })}
            >
              {minutes < 60 ? t.count("minutes", minutes) : t.count("hours", minutes / 60)}{" "}
              <span className="mut">{t("until", { at: minuteText(until) })}</span>
            </button>
          );
        })}
        <button type="button" className="btn link" onClick={close}>
          {t("cancel")}
        </button>
      </div>
    </Modal>
  );
}

const NAME_MAX_CHARS = 60;

export function NameView({ title, about, run, close }: DialogProps<string>): ReactNode {
  const t = desk.use();
  const [name, setName] = useState("");
  return (
    <AskDialog title={title} says={about} problem={null} isReady={name.trim() !== ""} run={() => run(name.trim())} close={close}>
      <Field label={t("view_name")} autoFocus maxLength={NAME_MAX_CHARS} value={name} onChange={(event) => setName(event.target.value)} />
    </AskDialog>
  );
}

export function Sure({ title, about, run, close }: DialogProps<void>): ReactNode {
  return <AskDialog title={title} says={about} isReady problem={null} run={run} close={close} />;
}
