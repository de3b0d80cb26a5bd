/** The form of one act: what it does and who else must agree, its fields, and the refusal of the server. */

import { type ReactNode, useState } from "react";

import type { Problem } from "../../../api/problem.ts";
import { useVerb } from "../../../api/verb.ts";
import { AskDialog } from "../../../parts/AskDialog.tsx";
import { Choose, Field, type Finding } from "../../../parts/Field.tsx";
import { base64Of } from "../../../parts/pdf.ts";
import { PdfField } from "../../../parts/PdfField.tsx";
import { useProof } from "../../../parts/Proof.tsx";
import { ReasonField } from "../../../parts/ReasonField.tsx";
import { TextArea } from "../../../parts/TextArea.tsx";
import { say } from "../../../parts/toasts.ts";
import { serverNow } from "../../../text/clock.ts";
import { casePart, victimPart } from "../data.ts";
import { caseText } from "../text.ts";
import type { Act } from "./act.ts";
import { type Ask, type AskKind, beginning, givenOf, isFit, lengthOf, UNCHOSEN, understood } from "./form.ts";
import { actsText } from "./text.ts";

/** What is said of a field that is not understood, if it is no time. */
const FAULTS = { rupees: "fault.rupees", number: "fault.number" } as Partial<Record<AskKind, "fault.rupees" | "fault.number">>;

/** Acts that end or undo something. */
const DANGERS: ReadonlySet<string> = new Set(["agree", "cancel", "refuse", "withdraw"]);

export default function ActDialog({ act, ackNo, close }: { act: Act; ackNo: string; close: () => void }): ReactNode {
  const t = caseText.use();
  const [typed, setTyped] = useState(() => beginning(act.asks));
  const [problem, setProblem] = useState<Problem | null>(null);
  const now = serverNow();
  const proof = useProof();
  const verb = useVerb({
    run: (_: null) => proof.provedIfAsked(() => act.run(givenOf(typed, serverNow())).then((result) => ({ result }))),
    readAgain: [casePart(ackNo), ...(act.correctsVictim ? [victimPart(ackNo, "corrections")] : [])],
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
  return (
    <>
      <AskDialog
        title={act.title}
        says={act.says}
        isReady={isReady}
        isDanger={DANGERS.has(act.name)}
        problem={problem}
        run={() => verb.act(null)}
        close={close}
        isFirm={act.asks.length > 1}
      >
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
      </AskDialog>
      {proof.dialog}
    </>
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
  if (ask.kind === "file") {
    const read = (file: File | null): void => {
      change("");
      if (file !== null) void base64Of(file).then(change);
    };
    return <PdfField label={label} set={read} hasFocus={isFirst} />;
  }
  if (ask.kind === "reason") return <ReasonField label={label} value={typed} set={change} hasFocus={isFirst} />;
  if (ask.kind === "text") {
    return <TextArea label={label} value={typed} set={change} maxLength={lengthOf(ask)} hasFocus={isFirst} />;
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
