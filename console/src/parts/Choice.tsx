/** Questions that a caller answers: yes, no or not known; and the keys for it. */

import type { KeyboardEvent, ReactNode } from "react";
import { Label, Radio, RadioGroup } from "react-aria-components";

import { parts } from "./catalogue.ts";

export type Answer = boolean | "dont_know";
/** null and undefined: not asked. */
export type Known = Answer | null | undefined;

const VALUES = { yes: true, no: false, dont_know: "dont_know" } as const;
type Name = keyof typeof VALUES;
const NAMES: readonly Name[] = ["yes", "no", "dont_know"];
const KEYS: Readonly<Record<string, Name>> = { y: "yes", n: "no", d: "dont_know" };

/** Yes, No or Don't know, by the keys Y, N and D while the question has the focus. */
export function YesNo({
  label,
  value,
  onChange,
}: {
  label: ReactNode;
  value: Known;
  onChange: (value: Answer) => void;
}): ReactNode {
  const t = parts.use();
  const chosen = NAMES.find((name) => VALUES[name] === value) ?? null;
  const press = (event: KeyboardEvent): void => {
    const name = event.ctrlKey || event.altKey || event.metaKey ? undefined : KEYS[event.key.toLowerCase()];
    if (name === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onChange(VALUES[name]);
  };
  return (
    // The keys reach the radio buttons inside; this element itself is never focused.
    <div role="presentation" onKeyDownCapture={press}>
      <RadioGroup
        className="q"
        value={chosen}
        onChange={(name) => onChange(VALUES[name as Name])}
        orientation="horizontal"
      >
        <Label>{label}</Label>
        <span className="seg">
          {NAMES.map((name) => (
            <Radio key={name} value={name} className="seg-part">
              {t(name)}
            </Radio>
          ))}
        </span>
      </RadioGroup>
    </div>
  );
}
