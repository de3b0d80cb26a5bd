/** Dialogs of the acts. Each says before what it does, and who else has to agree. */

import { type ReactNode, useState } from "react";

import { AskDialog } from "../../parts/AskDialog.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { ReasonField } from "../../parts/ReasonField.tsx";
import { TextArea } from "../../parts/TextArea.tsx";
import { isReason } from "../../text/reason.ts";
import { inWords, readRupees, rupees } from "../../text/rupees.ts";
import type { Act } from "./acts.ts";
import type { Grievance, HoldFile } from "./reads.ts";
import { type Decision, type Finding, sendDecision, sendHearing, sendReport } from "./sends.ts";
import { appeals } from "./text.ts";

const FINDING_MAX_CHARS = 4000;
const SAID_MAX_CHARS = 2000;
const FINDINGS: readonly Finding[] = ["genuine", "doubtful", "not_known"];
const DECISIONS: readonly Decision[] = ["upheld", "part_released", "released"];

interface OfGrievance {
  readonly view: Grievance;
  readonly act: Act;
  readonly close: () => void;
}

/** An act with a reason and no other field, or with more that the holder says, which may be nothing. */
export function TextDialog({
  title,
  says,
  label,
  act,
  send,
  close,
  isOptional = false,
  isDanger = false,
}: {
  title: string;
  says: string;
  label?: string;
  act: Act;
  send: (text: string) => Promise<unknown>;
  close: () => void;
  isOptional?: boolean;
  /** the act ends what another person asked for */
  isDanger?: boolean;
}): ReactNode {
  const [text, setText] = useState("");
  return (
    <AskDialog
      title={title}
      says={says}
      isDanger={isDanger}
      isReady={!act.isRunning && (isOptional || isReason(text))}
      problem={act.problem}
      run={() => act.run(() => send(text.trim()))}
      close={close}
    >
      {isOptional && label !== undefined ? (
        <TextArea label={label} value={text} set={setText} maxLength={SAID_MAX_CHARS} hasFocus />
      ) : (
        <ReasonField {...(label === undefined ? {} : { label })} value={text} set={setText} hasFocus />
      )}
    </AskDialog>
  );
}

/** The bank's report about its customer, as the bank gave it to the desk. */
export function Report({ view, act, close }: OfGrievance): ReactNode {
  const t = appeals.use();
  // The bank says which; a finding that is chosen already would be sent by mistake.
  const [kyc, setKyc] = useState<Finding | null>(null);
  const [finding, setFinding] = useState("");
  return (
    <AskDialog
      title={t("cmd.report")}
      says={t("says.report")}
      isReady={!act.isRunning && kyc !== null && isReason(finding)}
      problem={act.problem}
      run={() => kyc !== null && act.run(() => sendReport(view, kyc, finding.trim()))}
      close={close}
    >
      <Choose
        label={t("kyc")}
        value={kyc ?? ""}
        autoFocus
        onChange={(event) => setKyc(FINDINGS.find((one) => one === event.target.value) ?? null)}
      >
        <option value="">{t("kyc.choose")}</option>
        {FINDINGS.map((one) => (
          <option key={one} value={one}>
            {t(`kyc.${one}`)}
          </option>
        ))}
      </Choose>
      <TextArea label={t("finding")} value={finding} set={setFinding} maxLength={FINDING_MAX_CHARS} rows={5} />
    </AskDialog>
  );
}

/** Keep the hold, or propose to release a part or all of it. */
export function Decide({ view, act, close }: OfGrievance): ReactNode {
  const t = appeals.use();
  const [decision, setDecision] = useState<Decision | null>(null);
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const part = readRupees(typed);
  const isPart = decision === "part_released";
  const fits = part !== null && part < view.free_paise;
  const paise = isPart ? part : decision === "released" ? view.free_paise : null;
  return (
    <AskDialog
      title={t("cmd.decide")}
      says={decision === null ? t("says.decide") : t(`says.${decision}`)}
      isReady={!act.isRunning && (decision !== null && (!isPart || fits) && isReason(reason))}
      problem={act.problem}
      run={() => decision !== null && act.run(() => sendDecision(view, decision, isPart ? part : null, reason.trim()))}
      close={close}
    >
      <fieldset className="appeals-decisions">
        <legend>{t("decision")}</legend>
        {DECISIONS.map((one, index) => (
          <label key={one} className="row">
            <input
              type="radio"
              name="decision"
              autoFocus={index === 0}
              checked={one === decision}
              disabled={one !== "upheld" && view.free_paise === 0}
              onChange={() => setDecision(one)}
            />
            {t(`do.${one}`)}
          </label>
        ))}
      </fieldset>
      {isPart && (
        <Field
          label={t("part", { sum: rupees(view.free_paise) })}
          inputMode="decimal"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          findings={typed && !fits ? [{ standing: "bad", text: t("part.wrong", { sum: rupees(view.free_paise) }) }] : []}
        />
      )}
      {paise !== null && (
        <p>
          <b className="appeals-sum">{rupees(paise)}</b> <span className="mut">{inWords(paise, t.language)}</span>
        </p>
      )}
      <ReasonField label={t("reason.told")} value={reason} set={setReason} />
    </AskDialog>
  );
}

/** What a victim says to a release that waits. */
export function Hear({
  holdId,
  claims,
  act,
  close,
}: {
  holdId: string;
  claims: HoldFile["claims"];
  act: Act;
  close: () => void;
}): ReactNode {
  const t = appeals.use();
  const [ackNo, setAckNo] = useState(claims[0]?.ack_no ?? "");
  const [said, setSaid] = useState("");
  return (
    <AskDialog
      title={t("cmd.hear")}
      says={t("says.hear")}
      isReady={!act.isRunning && (ackNo !== "" && isReason(said))}
      problem={act.problem}
      run={() => act.run(() => sendHearing(holdId, ackNo, said.trim()))}
      close={close}
    >
      <Choose label={t("hear.who")} value={ackNo} onChange={(event) => setAckNo(event.target.value)}>
        {claims.map((one) => (
          <option key={one.ack_no} value={one.ack_no}>
            {t("hear.complaint", { number: one.ack_no, sum: rupees(one.held_here_paise) })}
          </option>
        ))}
      </Choose>
      <TextArea label={t("hear.said")} value={said} set={setSaid} maxLength={SAID_MAX_CHARS} rows={5} hasFocus />
    </AskDialog>
  );
}
