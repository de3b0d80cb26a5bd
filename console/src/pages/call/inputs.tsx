/** Fields for rupees and for a time: what is typed is read as one types, and what was understood stands below. */

import { type ReactNode, useState } from "react";

import { Field, type Finding } from "../../parts/Field.tsx";
import { serverNow } from "../../text/clock.ts";
import { localText, readMoment } from "../../text/moments.ts";
import { grouped, inWords, readRupees } from "../../text/rupees.ts";
import { call } from "./text.ts";

export function RupeesField({
  label,
  paise,
  onChange,
}: {
  label: string;
  paise: number | null;
  onChange: (paise: number | null) => void;
}): ReactNode {
  const t = call.use();
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? (paise === null ? "" : grouped(paise));
  const findings: Finding[] =
    paise !== null
      ? [{ standing: "good", text: inWords(paise, t.language) }]
      : shown.trim()
        ? [{ standing: "bad", text: t("no_sum") }]
        : [];
  return (
    <Field
      label={label}
      isMono
      isStrong
      inputMode="decimal"
      maxLength={30}
      value={shown}
      findings={findings}
      onChange={(event) => {
        setTyped(event.target.value);
        onChange(readRupees(event.target.value));
      }}
      onBlur={() => {
        // A sum that was not understood stays as it was typed.
        if (paise !== null) setTyped(null);
      }}
    />
  );
}

export function MomentField({
  label,
  value,
  findings,
  onChange,
}: {
  label: string;
  value: string;
  findings: readonly Finding[];
  onChange: (value: string) => void;
}): ReactNode {
  const t = call.use();
  const [typed, setTyped] = useState<string | null>(null);
  const now = serverNow();
  const shown = typed ?? localText(value);
  const isRead = shown.trim() !== "" && readMoment(shown, now) !== null;
  const read: Finding[] =
    isRead
      ? [{ standing: "good", text: localText(value) }]
      : shown.trim()
        ? [{ standing: "bad", text: t("no_moment") }]
        : [];
  return (
    <Field
      label={label}
      isMono
      maxLength={30}
      placeholder={t("moment_example")}
      value={shown}
      findings={[...read, ...findings]}
      onChange={(event) => {
        const text = event.target.value;
        setTyped(text);
        onChange(readMoment(text, serverNow()) ?? text.trim());
      }}
      onBlur={() => {
        if (isRead) setTyped(null);
      }}
    />
  );
}
