/** A field for a bank by its name, IFSC or a UPI address. The best fit is taken by Tab or Enter, without a pointer. */

import { type KeyboardEvent, type ReactNode, useId, useState } from "react";

import { type Finding, Findings } from "../../parts/Field.tsx";
import type { Party } from "./content.ts";
import { bankText, type Institution, institutionsFor, ofAddress, readBank } from "./institutions.ts";
import { call } from "./text.ts";

export function BankField({
  label,
  party,
  all,
  findings,
  onChange,
}: {
  label: string;
  party: Party | undefined;
  all: readonly Institution[];
  findings: readonly Finding[];
  onChange: (change: Partial<Party>) => void;
}): ReactNode {
  const t = call.use();
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const [place, setPlace] = useState(0);
  const fits = typed === null ? [] : institutionsFor(typed, all);
  const isOpen = fits.length > 0;
  const shown = typed ?? bankText(party, all);
  // A part of a name is no wrong name while banks fit it.
  const found = isOpen ? [] : findings;
  const byAddress = typed !== null && fits.length === 0 ? ofAddress(shown, all) : undefined;

  const take = (one: Institution | undefined): void => {
    if (one) onChange({ institution: one.code, ifsc: "" });
    setTyped(null);
    setPlace(0);
  };
  const press = (event: KeyboardEvent): void => {
    if (!isOpen) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setPlace((place + (event.key === "ArrowDown" ? 1 : fits.length - 1)) % fits.length);
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      take(fits[place]);
    } else if (event.key === "Escape") {
      setTyped(null);
    }
  };
  return (
    <div className="bank-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={`in ${found.find((one) => one.standing === "bad") ? "bad" : ""}`}
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={`${id}-fits`}
        aria-activedescendant={isOpen ? `${id}-${place}` : undefined}
        aria-autocomplete="list"
        aria-describedby={`${id}-found`}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        value={shown}
        onChange={(event) => {
          setTyped(event.target.value);
          setPlace(0);
          onChange(readBank(event.target.value, party));
        }}
        onKeyDown={press}
        // Leaving the field by Tab or click takes the best fit.
        onBlur={() => take(fits[place])}
      />
      {isOpen && (
        <ul id={`${id}-fits`} role="listbox" aria-label={label} className="fits">
          {fits.map((one, index) => (
            <li
              key={one.code}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === place}
              // The field must not lose the focus before the click counts.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(one)}
            >
              <span className="cut">{one.name}</span> <span className="mono xs mut">{one.code}</span>
            </li>
          ))}
        </ul>
      )}
      <Findings
        id={`${id}-found`}
        findings={byAddress ? [{ standing: "good", text: t("bank_found", { bank: byAddress.name }) }] : found}
      />
    </div>
  );
}
