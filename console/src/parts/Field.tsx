import { type ComponentProps, type ReactNode, useId } from "react";

import type { Said } from "../text/sentences.ts";
import { SaidText } from "./SaidText.tsx";

/** How a value looks to the checks: fit, to be looked at, or wrong. */
export type Standing = "good" | "warn" | "bad" | "plain";

export interface Finding extends Said {
  readonly standing: Standing;
}

type Inputs = Omit<ComponentProps<"input">, "id" | "className">;

/** A field with its label, and what is found of its value below it. A finding never takes the focus. */
export function Field({
  label,
  findings = [],
  isMono = false,
  isStrong = false,
  ...input
}: Inputs & {
  label: ReactNode;
  findings?: readonly Finding[];
  isMono?: boolean;
  isStrong?: boolean;
}): ReactNode {
  const id = useId();
  const worst = findings.find((one) => one.standing === "bad") ?? findings.find((one) => one.standing === "warn");
  const classes = ["in", isMono && "mono", isStrong && "b", worst?.standing].filter(Boolean).join(" ");
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input
        autoComplete="off"
        spellCheck={false}
        {...input}
        id={id}
        className={classes}
        aria-invalid={worst?.standing === "bad" || undefined}
        aria-describedby={findings.length > 0 ? `${id}-found` : undefined}
      />
      <Findings id={`${id}-found`} findings={findings} />
    </div>
  );
}

/** A field with a few values to choose from. */
export function Choose({
  label,
  children,
  ...select
}: Omit<ComponentProps<"select">, "id" | "className"> & { label: ReactNode }): ReactNode {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <select {...select} id={id} className="in">
        {children}
      </select>
    </div>
  );
}

/** What is found of one or more fields. It is read out when the reader pauses. */
export function Findings({ id, findings }: { id?: string; findings: readonly Finding[] }): ReactNode {
  return (
    <div id={id} aria-live="polite">
      {findings.map((one) => (
        <div key={one.text} className={`ck ${one.standing}`}>
          <span>
            <SaidText said={one} />
          </span>
        </div>
      ))}
    </div>
  );
}
