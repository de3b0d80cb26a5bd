/** A field for an officer of one's team, by name or id. The best fit is taken by Enter, and an id of another officer as typed. */

import { type KeyboardEvent, type ReactNode, useId, useState } from "react";

import type { Schemas } from "../api/client.ts";
import { parts } from "./catalogue.ts";
import { type Finding, Findings } from "./Field.tsx";
import { idOf, officersFor } from "./officersFor.ts";

export type TeamOfficer = Schemas["TeamOfficer"];

const named = (one: TeamOfficer): string => `${one.name} (${one.officer_id})`;

export function OfficerField({
  label,
  officers,
  set,
  findings = [],
}: {
  label: string;
  officers: readonly TeamOfficer[];
  /** takes the id of the officer, which is empty while nothing is typed */
  set: (officerId: string) => void;
  findings?: readonly Finding[];
}): ReactNode {
  const t = parts.use();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [isOpen, setOpen] = useState(true);
  const [place, setPlace] = useState(0);
  const fits = isOpen ? officersFor(typed, officers) : [];
  const take = (one: TeamOfficer | undefined): void => {
    if (one === undefined || one.is_absent) return;
    setTyped(named(one));
    set(one.officer_id);
    setOpen(false);
  };
  // What was typed becomes the name of whom it stands for, so that no other officer is meant.
  // The list stays for a press on a button, which would move away from the pointer before it is let go.
  const leave = (to: EventTarget | null): void => {
    const one = officers.find((other) => other.officer_id === idOf(typed, officers));
    if (one !== undefined) setTyped(named(one));
    if (!(to instanceof HTMLButtonElement)) setOpen(false);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      if (fits.length > 0) setPlace((place + (event.key === "ArrowDown" ? 1 : fits.length - 1)) % fits.length);
    } else if (event.key === "Enter" && fits.length > 0) {
      event.preventDefault();
      take(fits[place]);
    } else if (event.key === "Escape" && fits.length > 0) {
      // The first press closes the list, the next one the dialog.
      event.stopPropagation();
      setOpen(false);
    }
  };
  const found: readonly Finding[] =
    officers.length === 0 ? [...findings, { standing: "plain", text: t("officer.no_team") }] : findings;
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="in"
        role="combobox"
        aria-expanded={fits.length > 0}
        aria-controls={`${id}-fits`}
        aria-activedescendant={fits.length > 0 ? `${id}-${place}` : undefined}
        aria-autocomplete="list"
        aria-describedby={`${id}-found`}
        autoComplete="off"
        autoFocus
        spellCheck={false}
        maxLength={200}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          set(idOf(event.target.value, officers));
          setPlace(0);
          setOpen(true);
        }}
        onKeyDown={press}
        onFocus={() => setOpen(true)}
        onBlur={(event) => leave(event.relatedTarget)}
      />
      {fits.length > 0 && (
        <ul id={`${id}-fits`} role="listbox" aria-label={label} className="officer-fits">
          {fits.map((one, index) => (
            <li
              key={one.officer_id}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === place}
              aria-disabled={one.is_absent || undefined}
              // The field must not lose the focus before the click counts.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(one)}
            >
              <span className="cut">{one.name}</span>{" "}
              <span className="mono xs mut">
                {one.officer_id} {one.is_absent ? t("officer.absent") : ""}
              </span>
            </li>
          ))}
        </ul>
      )}
      <Findings id={`${id}-found`} findings={found} />
    </div>
  );
}
