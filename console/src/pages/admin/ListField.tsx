/** A list of short texts: typed one by one with Enter or a comma, each with a button that takes it out. */

import { type KeyboardEvent, type ReactNode, useId, useState } from "react";

import { Findings } from "../../parts/Field.tsx";
import { type Known, knownValue } from "./known.ts";
import { admin } from "./text.ts";

const ENDS = /[,;\n]/;

export function ListField({
  label,
  values,
  change,
  suggestions = [],
  isKnownOnly = false,
}: {
  label: string;
  values: readonly string[];
  change: (values: readonly string[]) => void;
  suggestions?: readonly Known[];
  /** whether only a suggestion is taken */
  isKnownOnly?: boolean;
}): ReactNode {
  const t = admin.use();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [unknown, setUnknown] = useState("");
  const nameOf = (value: string): string => suggestions.find((one) => one.value === value)?.label ?? value;
  const add = (text: string): void => {
    const parts = text.split(ENDS).map((one) => one.trim()).filter(Boolean);
    const read = parts.map((part) => ({ part, value: isKnownOnly ? knownValue(part, suggestions) : part }));
    const found = read.flatMap((one) => one.value ?? []);
    if (found.length > 0) change([...new Set([...values, ...found])]);
    const left = read.filter((one) => one.value === undefined).map((one) => one.part).join(" ");
    setTyped(left);
    setUnknown(left);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && typed.trim() !== "") {
      event.preventDefault();
      add(typed);
    } else if (event.key === "Backspace" && typed === "" && values.length > 0) {
      change(values.slice(0, -1));
    }
  };
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      {values.length > 0 && (
        <ul className="admin-chips">
          {values.map((one) => (
            <li key={one} className="chip">
              {nameOf(one)}
              <button
                type="button"
                aria-label={t("take_out", { value: nameOf(one) })}
                onClick={() => change(values.filter((other) => other !== one))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <input
        id={id}
        className="in"
        autoComplete="off"
        list={suggestions.length > 0 ? `${id}-known` : undefined}
        placeholder={t("list_hint")}
        value={typed}
        onChange={(event) => (ENDS.test(event.target.value) ? add(event.target.value) : setTyped(event.target.value))}
        onBlur={() => add(typed)}
        onKeyDown={press}
        aria-invalid={unknown !== "" || undefined}
        aria-describedby={unknown === "" ? undefined : `${id}-found`}
      />
      {unknown !== "" && <Findings id={`${id}-found`} findings={[{ standing: "bad", text: t("not_known", { value: unknown }) }]} />}
      {suggestions.length > 0 && (
        <datalist id={`${id}-known`}>
          {suggestions.map((one) => (
            <option key={one.value} value={one.value} label={one.label} />
          ))}
        </datalist>
      )}
    </div>
  );
}
