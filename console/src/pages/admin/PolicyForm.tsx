/** Editing values of the policy: only what is changed goes into the proposal. */

import { type ReactNode, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { Field, type Finding } from "../../parts/Field.tsx";
import { Propose } from "./Propose.tsx";
import { editedText, readValue, unitOf, valueText } from "./policyValues.ts";
import { admin } from "./text.ts";

type Value = Schemas["PolicyValue"];
/** What is typed for a value, by its name. */
export type Edits = Readonly<Record<string, string>>;

/** A value with a button that opens a field; the field says how the value is read. */
export function EditValue({
  value,
  typed,
  edit,
}: {
  value: Value;
  typed: string | undefined;
  edit: (typed: string | null) => void;
}): ReactNode {
  const t = admin.use();
  const [isOpen, setIsOpen] = useState(typed !== undefined);
  const shown = valueText(value.name, value.value, t.language);
  if (!isOpen) {
    return (
      <button
        type="button"
        className="btn link admin-value"
        aria-label={t("change_value", { name: value.name, value: shown })}
        onClick={() => setIsOpen(true)}
      >
        {shown}
      </button>
    );
  }
  const before = editedText(value.name, value.value);
  const text = typed ?? before;
  return (
    <span className="admin-edit">
      <Field
        label={t("new_value", { name: value.name, unit: t(`typed.${unitOf(value.name)}`) })}
        autoFocus
        isMono
        maxLength={500}
        value={text}
        onChange={(event) => edit(event.target.value === before ? null : event.target.value)}
        findings={findings(t, value, text)}
      />
      <button
        type="button"
        className="btn"
        onClick={() => {
          edit(null);
          setIsOpen(false);
        }}
      >
        {t("leave_value")}
      </button>
    </span>
  );
}

function findings(t: ReturnType<typeof admin.use>, value: Value, text: string): readonly Finding[] {
  const read = readValue(value.name, text, value.value);
  if (read === undefined) return [{ standing: "bad", text: t("value_wrong") }];
  const [before, after] = [valueText(value.name, value.value, t.language), valueText(value.name, read, t.language)];
  return before === after ? [] : [{ standing: "good", text: `${before} → ${after}` }];
}

export function ProposePolicy({
  values,
  edits,
  close,
  proposed,
}: {
  values: readonly Value[];
  edits: Edits;
  close: () => void;
  proposed: () => void;
}): ReactNode {
  const t = admin.use();
  const changed = values.flatMap((one) => {
    const typed = edits[one.name];
    return typed === undefined ? [] : [{ name: one.name, value: readValue(one.name, typed, one.value) }];
  });
  const isWhole = changed.length > 0 && changed.every((one) => one.value !== undefined);
  return (
    <Propose title={t("propose_values")} asked={isWhole ? { kind: "policy_changed", values: changed } : null} close={close} proposed={proposed}>
      {!isWhole && <p className="note bad">{t("values_wrong")}</p>}
      <p className="note warn">{t("policy_says")}</p>
    </Propose>
  );
}
