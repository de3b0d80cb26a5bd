/** Fields that are completed while one types. The best fit is taken by Tab or Enter, without a pointer. */

import { type KeyboardEvent, type ReactNode, useId, useState } from "react";

import { type Finding, Findings } from "../../parts/Field.tsx";
import type { Party } from "./content.ts";
import { bankText, type District, districtsFor, type Institution, institutionsFor, ofAddress, readBank } from "./institutions.ts";
import { call } from "./text.ts";

interface Fit {
  readonly code: string;
  readonly name: string;
  /** stands beside the name instead of the code */
  readonly beside?: string;
}

/** A field with what fits below it. */
function CompletedField<One extends Fit>({
  label,
  shown,
  fits,
  findings: found,
  change,
  choose,
  leave,
}: {
  label: string;
  shown: string;
  fits: readonly One[];
  findings: readonly Finding[];
  change: (typed: string) => void;
  choose: (one: One) => void;
  /** what is typed stays as it is */
  leave: () => void;
}): ReactNode {
  const id = useId();
  const [place, setPlace] = useState(0);
  const isOpen = fits.length > 0;
  const take = (one: One | undefined): void => {
    if (one) choose(one);
    leave();
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
      leave();
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
          setPlace(0);
          change(event.target.value);
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
              <span className="cut">{one.name}</span> <span className="mono xs mut">{one.beside ?? one.code}</span>
            </li>
          ))}
        </ul>
      )}
      <Findings id={`${id}-found`} findings={found} />
    </div>
  );
}

/** A field for a bank by its name, IFSC or a UPI address. */
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
  const [typed, setTyped] = useState<string | null>(null);
  const fits = typed === null ? [] : institutionsFor(typed, all);
  const shown = typed ?? bankText(party, all);
  const byAddress = typed !== null && fits.length === 0 ? ofAddress(shown, all) : undefined;
  // A part of a name is no wrong name while banks fit it.
  const found = fits.length > 0 ? [] : findings;
  return (
    <CompletedField
      label={label}
      shown={shown}
      fits={fits}
      findings={byAddress ? [{ standing: "good", text: t("bank_found", { bank: byAddress.name }) }] : found}
      change={(text) => {
        setTyped(text);
        onChange(readBank(text, party));
      }}
      choose={(one) => onChange({ institution: one.code, ifsc: "" })}
      leave={() => setTyped(null)}
    />
  );
}

/** A field for a district by its name in English or Hindi. Another place stays as it is typed. */
export function DistrictField({
  label,
  value,
  all,
  findings,
  onChange,
}: {
  label: string;
  value: string;
  all: readonly District[];
  findings: readonly Finding[];
  onChange: (value: string) => void;
}): ReactNode {
  const [typed, setTyped] = useState<string | null>(null);
  const fits = typed === null ? [] : districtsFor(typed, all);
  return (
    <CompletedField
      label={label}
      shown={typed ?? value}
      fits={fits}
      findings={fits.length > 0 ? [] : findings}
      change={(text) => {
        setTyped(text);
        onChange(text);
      }}
      choose={(one) => onChange(one.english)}
      leave={() => setTyped(null)}
    />
  );
}
