/** The form of one act: what it does and who else must agree, its fields, and the refusal of the server. */

import { type FormEvent, type ReactNode, useState } from "react";

import type { Problem } from "../../../api/problem.ts";
import { useVerb } from "../../../api/verb.ts";
import { Choose, Field, type Finding } from "../../../parts/Field.tsx";
import { Modal } from "../../../parts/Modal.tsx";
import { base64Of, PDF_MAX_BYTES } from "../../../parts/pdf.ts";
import { useProof } from "../../../parts/Proof.tsx";
import { Refusal } from "../../../parts/Refusal.tsx";
import { say } from "../../../parts/toasts.ts";
import { serverNow } from "../../../text/clock.ts";
import { casePart } from "../data.ts";
import { caseText } from "../text.ts";
import type { Act } from "./act.ts";
import { type Ask, type AskKind, beginning, givenOf, isFit, lengthOf, UNCHOSEN, understood } from "./form.ts";
import { actsText } from "./text.ts";

/** What is said of a field that is not understood, if it is no time. */
const FAULTS = { rupees: "fault.rupees", number: "fault.number" } as Partial<Record<AskKind, "fault.rupees" | "fault.number">>;

export default function ActDialog({ act, ackNo, close }: { act: Act; ackNo: string; close: () => void }): ReactNode {
  const t = caseText.use();
  const [typed, setTyped] = useState(() => beginning(act.asks));
  const [problem, setProblem] = useState<Problem | null>(null);
  const now = serverNow();
  const proof = useProof();
  const verb = useVerb({
    run: (_: null) => proof.provedIfAsked(() => act.run(givenOf(typed, serverNow())).then((result) => ({ result }))),
    readAgain: [casePart(ackNo)],
    done: (sent) => {
      // Without a code nothing was done.
      if (sent === null) return;
      const { result } = sent;
      say({ kind: "good", text: act.done?.(result) ?? t("done") });
      close();
    },
    refused: setProblem,
  });
  const isReady = !verb.isRunning && act.asks.every((ask) => isFit(ask, typed[ask.name] ?? "", now));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReady) verb.act(null);
  };
  return (
    <Modal title={act.title} close={close} isFirm={act.asks.length > 1}>
      <form className="stack" onSubmit={submit}>
        {act.says && <p className="note acc">{act.says}</p>}
        {act.facts && act.facts.length > 0 && <Facts facts={act.facts} />}
        {act.asks.map((ask, index) => (
          <AskField
            key={ask.name}
            ask={ask}
            typed={typed[ask.name] ?? ""}
            isFirst={index === 0}
            now={now}
            change={(value) => setTyped((before) => ({ ...before, [ask.name]: value }))}
          />
        ))}
        {problem && <Refusal problem={problem} />}
        <div className="row">
          <button type="submit" className="btn first" disabled={!isReady}>
            {act.title}
          </button>
          <button type="button" className="btn" onClick={close}>
            {t("leave")}
          </button>
        </div>
      </form>
      {proof.dialog}
    </Modal>
  );
}

export function Facts({ facts }: { facts: NonNullable<Act["facts"]> }): ReactNode {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function AskField({
  ask,
  typed,
  isFirst,
  now,
  change,
}: {
  ask: Ask;
  typed: string;
  isFirst: boolean;
  now: number;
  change: (value: string) => void;
}): ReactNode {
  const t = actsText.use();
  const label = ask.isOptional ? `${ask.label} ${t("optional")}` : ask.label;
  if (ask.kind === "choice") {
    return (
      <Choose label={label} value={typed} autoFocus={isFirst} onChange={(event) => change(event.target.value)}>
        {(ask.isOptional || ask.begins === UNCHOSEN) && <option value="">{ask.isOptional ? "–" : t("choose")}</option>}
        {ask.options?.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </Choose>
    );
  }
  if (ask.kind === "yes") {
    return (
      <label className="tick">
        <input type="checkbox" checked={typed === "yes"} onChange={(event) => change(event.target.checked ? "yes" : "")} />{" "}
        {ask.label}
      </label>
    );
  }
  if (ask.kind === "file") return <FileField label={label} isChosen={typed !== ""} change={change} />;
  if (ask.kind === "reason" || ask.kind === "text") {
    return (
      <div>
        <label htmlFor={`ask-${ask.name}`}>{label}</label>
        <textarea
          id={`ask-${ask.name}`}
          className="in"
          rows={3}
          autoFocus={isFirst}
          maxLength={lengthOf(ask)}
          value={typed}
          onChange={(event) => change(event.target.value)}
        />
      </div>
    );
  }
  const said = understood(ask, typed, now, t.language);
  const isWrong = typed.trim() !== "" && !isFit(ask, typed, now);
  const findings: readonly Finding[] = said
    ? [{ standing: "plain", text: said }]
    : isWrong
      ? [{ standing: "bad", text: t(FAULTS[ask.kind] ?? "fault.time") }]
      : [];
  return (
    <Field
      label={label}
      value={typed}
      autoFocus={isFirst}
      maxLength={lengthOf(ask)}
      findings={findings}
      isMono={ask.kind !== "line"}
      onChange={(event) => change(event.target.value)}
    />
  );
}

/** A PDF, which the browser reads into memory and sends with the act. */
function FileField({
  label,
  isChosen,
  change,
}: {
  label: string;
  isChosen: boolean;
  change: (base64: string) => void;
}): ReactNode {
  const t = actsText.use();
  const [fault, setFault] = useState("");
  const read = (file: File | undefined): void => {
    change("");
    setFault("");
    if (file === undefined) return;
    if (file.size > PDF_MAX_BYTES) {
      setFault(t("fault.file"));
      return;
    }
    base64Of(file).then(change, () => setFault(t("fault.file")));
  };
  return (
    <Field
      label={label}
      type="file"
      accept="application/pdf"
      findings={fault ? [{ standing: "bad", text: fault }] : isChosen ? [{ standing: "good", text: t("file.chosen") }] : []}
      onChange={(event) => read(event.target.files?.[0])}
    />
  );
}
