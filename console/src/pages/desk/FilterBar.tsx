/** The filters of the queue. Each choice goes into the address at once. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";

import { useSession } from "../../app/session.ts";
import { useCommand } from "../../keys/commands.ts";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { Rupees } from "../../parts/money.tsx";
import { choices } from "../../parts/names.ts";
import { shortRupees } from "../../text/rupees.ts";
import { deskCommands } from "./commands.ts";
import { EVERYTHING, type Filter, type Kind, keyOf, type Person } from "./filters.ts";
import { KINDS } from "./kinds.ts";
import { counts, openIn, paiseIn } from "./queue.ts";
import { desk } from "./text.ts";

const PERSONS: readonly Person[] = ["child", "woman", "senior"];
const AGES_SECONDS = [600, 3600, 86_400] as const;
const SUMS_PAISE = [1_000_000, 10_000_000, 100_000_000] as const;

export function FilterBar({ filter, change }: { filter: Filter; change: (filter: Filter) => void }): ReactNode {
  const t = desk.use();
  const me = useSession().officer_id;
  const { data: known } = useQuery(choices);
  const { data: found } = useQuery(counts(filter));
  const place = useRef<HTMLDivElement>(null);
  useCommand(deskCommands.filter, () => place.current?.querySelector("select")?.focus());
  const open = openIn(found);
  const owner = filter.owner === me ? "me" : filter.owned === false ? "free" : filter.owned === true ? "owned" : "";
  const set = (part: Partial<Filter>): void => change({ ...filter, ...part });
  const ofOwner: Readonly<Record<string, Partial<Filter>>> = {
    "": { owner: null, owned: null },
    me: { owner: me, owned: null },
    free: { owner: null, owned: false },
    owned: { owner: null, owned: true },
  };
  return (
    <div className="filters" role="search" aria-label={t("filters")} ref={place}>
      <KeyMark command={deskCommands.filter} />
      <One label={t("f.kind")} value={filter.kinds.join(",")} set={(kind) => set({ kinds: kind ? (kind.split(",") as Kind[]) : [] })}>
        {filter.kinds.length > 1 && <option value={filter.kinds.join(",")}>{t.count("kinds", filter.kinds.length)}</option>}
        {KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {t(`kind.${kind}`)}
          </option>
        ))}
      </One>
      <One label={t("f.bank")} value={filter.bank ?? ""} set={(bank) => set({ bank: bank || null })}>
        {known?.institutions.map((one) => (
          <option key={one.code} value={one.code}>
            {one.name}
          </option>
        ))}
      </One>
      <One label={t("f.district")} value={filter.district ?? ""} set={(district) => set({ district: district || null })}>
        {known?.districts.map((one) => (
          <option key={one.code} value={one.code}>
            {t.language === "hi" ? one.hindi : one.english}
          </option>
        ))}
      </One>
      {known !== undefined && known.teams.length > 0 && (
        <One label={t("f.team")} value={filter.team ?? ""} set={(team) => set({ team: team || null })}>
          {known.teams.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </One>
      )}
      <One label={t("f.person")} value={filter.persons.join(",")} set={(person) => set({ persons: person ? (person.split(",") as Person[]) : [] })}>
        <option value={PERSONS.join(",")}>{t("f.any_person")}</option>
        {PERSONS.map((one) => (
          <option key={one} value={one}>
            {t(`person.${one}`)}
          </option>
        ))}
      </One>
      <One label={t("f.older")} value={String(filter.older_than_seconds ?? "")} set={(age) => set({ older_than_seconds: age ? Number(age) : null })}>
        {AGES_SECONDS.map((one) => (
          <option key={one} value={one}>
            {one < 3600 ? t.count("minutes", one / 60) : t.count("hours", one / 3600)}
          </option>
        ))}
      </One>
      <One label={t("f.from")} value={String(filter.sum_from_paise ?? "")} set={(sum) => set({ sum_from_paise: sum ? Number(sum) : null })}>
        {SUMS_PAISE.map((one) => (
          <option key={one} value={one}>
            {shortRupees(one, t.language)}
          </option>
        ))}
      </One>
      <One label={t("f.owner")} value={owner} set={(value) => set(ofOwner[value] ?? {})}>
        <option value="free">{t("free")}</option>
        <option value="me">{t("you")}</option>
        <option value="owned">{t("f.taken")}</option>
      </One>
      <One label={t("f.snoozed")} value={String(filter.snoozed ?? "")} set={(value) => set({ snoozed: value ? value === "true" : null })}>
        <option value="false">{t("f.awake")}</option>
        <option value="true">{t("f.asleep")}</option>
      </One>
      {keyOf(filter) !== keyOf(EVERYTHING) && (
        <button type="button" className="btn link" onClick={() => change(EVERYTHING)}>
          {t("f.none")}
        </button>
      )}
      {open !== null && (
        <span className="push sum-of" role="status">
          <b>
            <Rupees paise={paiseIn(found)} />
          </b>{" "}
          <span className="mut">{t.count("caught_in", open)}</span>
        </span>
      )}
    </div>
  );
}

/** One filter: its name is its first choice, and it looks set when it is. */
function One({
  label,
  value,
  set,
  children,
}: {
  label: string;
  value: string;
  set: (value: string) => void;
  children: ReactNode;
}): ReactNode {
  return (
    <select className={`f ${value ? "set" : ""}`} aria-label={label} value={value} onChange={(event) => set(event.target.value)}>
      <option value="">{label}</option>
      {children}
    </select>
  );
}
