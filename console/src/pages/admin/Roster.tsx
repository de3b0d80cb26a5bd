/** Nodal officers of a bank: whom to call, when they work, and a proposal of another list. */

import { type ReactNode, useState } from "react";

import type { Schemas } from "../../api/client.ts";
import { Field } from "../../parts/Field.tsx";
import { Moment } from "../../parts/time.tsx";
import { Propose } from "./Propose.tsx";
import type { Bank } from "./reads.ts";
import { daysText } from "./shifts.ts";
import { admin } from "./text.ts";

type Nodal = Schemas["NodalOfficer"];

const MOST = 20;
const TEXT_MAX = 200;
const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

export function RosterTable({ found }: { found: Bank }): ReactNode {
  const t = admin.use();
  if (found.roster.length === 0) return <p className="warn sm">{t("no_nodal_officer")}</p>;
  return (
    <div className="admin-scroll" role="region" aria-labelledby="h-roster" tabIndex={0}>
      <table className="grid top">
        <thead>
          <tr>
            <th scope="col">{t("name")}</th>
            <th scope="col">{t("post")}</th>
            <th scope="col">{t("mobile")}</th>
            <th scope="col">{t("email")}</th>
            <th scope="col">{t("hours")}</th>
            <th scope="col">{t("duty")}</th>
          </tr>
        </thead>
        <tbody>
          {found.roster.map((one, place) => (
            <tr key={place}>
              <th scope="row">{one.name || "–"}</th>
              <td>{one.role || "–"}</td>
              <td className="mono">{one.mobile || "–"}</td>
              <td>{one.email || "–"}</td>
              <td>{hoursText(t, one)}</td>
              <td>
                <Duty found={found} officer={one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function hoursText(t: ReturnType<typeof admin.use>, officer: Nodal): string {
  const shifts = officer.shifts ?? [];
  if (shifts.length === 0) return t("any_hour");
  return shifts
    .map((one) => `${daysText(one.days.map((day) => WEEK.indexOf(day) + 1), t.language)} ${one.starts}–${one.ends}`)
    .join(", ");
}

function Duty({ found, officer }: { found: Bank; officer: Nodal }): ReactNode {
  const t = admin.use();
  const now = found.item.nodal_officers.find(
    (one) => one.name === officer.name && one.email === officer.email && one.mobile === officer.mobile,
  );
  if (now === undefined) return "–";
  if (now.on_duty) return <span className="chip good">{t("on_duty")}</span>;
  return (
    <>
      <span className="chip">{t("off_duty")}</span>{" "}
      {now.off_duty_until !== null && <Moment at={Date.parse(now.off_duty_until)} />}
    </>
  );
}

export function ChangeRoster({ found, close }: { found: Bank; close: () => void }): ReactNode {
  const t = admin.use();
  const [roster, setRoster] = useState<readonly Nodal[]>(found.roster);
  const change = (place: number, part: Partial<Nodal>): void =>
    setRoster(roster.map((one, index) => (index === place ? { ...one, ...part } : one)));
  const text = (one: Nodal, place: number, name: "name" | "role" | "mobile" | "email", label: string): ReactNode => (
    <Field label={label} maxLength={TEXT_MAX} value={one[name] ?? ""} onChange={(event) => change(place, { [name]: event.target.value })} />
  );
  const asked = { kind: "nodal_officers_changed" as const, code: found.item.code, nodal_officers: [...roster] };
  return (
    <Propose title={t("change_roster_of", { name: found.item.name })} asked={asked} close={close}>
      <p className="note warn">{t("roster_says")}</p>
      {roster.map((one, place) => (
        <fieldset key={place} className="admin-person">
          <legend className="lab">{t("called_as", { number: place + 1 })}</legend>
          <div className="admin-fields">
            {text(one, place, "name", t("name"))}
            {text(one, place, "role", t("post"))}
            {text(one, place, "mobile", t("mobile"))}
            {text(one, place, "email", t("email"))}
          </div>
          <p className="row wrap">
            <span className="mut xs">{t("hours_stay", { hours: hoursText(t, one) })}</span>
            <button type="button" className="btn push" onClick={() => setRoster(roster.filter((_, index) => index !== place))}>
              {t("take_out_officer")}
            </button>
          </p>
        </fieldset>
      ))}
      {roster.length < MOST && (
        <button type="button" className="btn" onClick={() => setRoster([...roster, { name: "", role: "", email: "", mobile: "" }])}>
          {t("one_more")}
        </button>
      )}
    </Propose>
  );
}
