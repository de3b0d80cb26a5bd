/** Forms about officers: most go to another admin as a proposal; what only takes power away is done at once. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { useDistricts } from "../../parts/names.ts";
import { useProof } from "../../parts/Proof.tsx";
import { type Known } from "./known.ts";
import { ListField } from "./ListField.tsx";
import { Propose } from "./Propose.tsx";
import { ADMIN, type Asked, type Officer, teams } from "./reads.ts";
import { admin, named } from "./text.ts";

type Role = Schemas["Role"];
type Language = Schemas["Language"];

const ROLES: readonly Role[] = ["intake", "desk", "supervisor", "auditor", "admin", "io", "dy_sp", "sp", "district_gro", "state_gro"];
const ID_MAX = 64;
const TEXT_MAX = 200;

interface Person {
  readonly name: string;
  readonly rank: string;
  readonly station: string;
  readonly mobile: string;
  readonly email: string;
  readonly language: Language;
  readonly state: string;
  readonly districts: readonly string[];
}

const NO_PERSON: Person = { name: "", rank: "", station: "", mobile: "", email: "", language: "en", state: "", districts: [] };

/** The whole State and its districts, as suggestions. */
function useDistrictsOrAll(): readonly Known[] {
  const t = admin.use();
  return [{ value: "*", label: t("whole_state") }, ...useDistricts()];
}

function PersonFields({ person, change }: { person: Person; change: (person: Person) => void }): ReactNode {
  const t = admin.use();
  const districts = useDistrictsOrAll();
  const text = (name: "name" | "rank" | "station" | "mobile" | "email" | "state", type = "text"): ReactNode => (
    <Field
      label={t(name)}
      type={type}
      maxLength={TEXT_MAX}
      value={person[name]}
      onChange={(event) => change({ ...person, [name]: event.target.value })}
    />
  );
  return (
    <>
      <div className="admin-fields">
        {text("name")}
        {text("rank")}
        {text("station")}
        {text("mobile", "tel")}
        {text("email")}
        <Choose label={t("language")} value={person.language} onChange={(event) => change({ ...person, language: event.target.value as Language })}>
          <option value="en">English</option>
          <option value="hi">हिन्दी</option>
        </Choose>
      </div>
      <ListField
        label={t("districts")}
        values={person.districts}
        change={(values) => change({ ...person, districts: values })}
        suggestions={districts}
        isKnownOnly
      />
    </>
  );
}

export function AddOfficer({ close }: { close: () => void }): ReactNode {
  const t = admin.use();
  const [id, setId] = useState("");
  const [person, setPerson] = useState(NO_PERSON);
  const [roles, setRoles] = useState<readonly Role[]>([]);
  const isWhole = id.trim() !== "" && person.name.trim() !== "";
  const asked: Asked | null = isWhole
    ? { kind: "officer_added", officer: { officer_id: id.trim(), ...person, ...contactOf(person), districts: [...person.districts], roles: [...roles] } }
    : null;
  return (
    <Propose title={t("add_officer")} asked={asked} close={close}>
      <Field label={t("officer_id")} autoFocus maxLength={ID_MAX} value={id} onChange={(event) => setId(event.target.value)} />
      <PersonFields person={person} change={setPerson} />
      <fieldset className="admin-ticks">
        <legend className="lab">{t("roles")}</legend>
        {ROLES.map((role) => (
          <label key={role}>
            <input
              type="checkbox"
              checked={roles.includes(role)}
              onChange={(event) => setRoles(event.target.checked ? [...roles, role] : roles.filter((one) => one !== role))}
            />
            {named(t, "role", role)}
          </label>
        ))}
      </fieldset>
    </Propose>
  );
}

/** The API takes no empty mobile number and no empty address. */
function contactOf(person: Person): { mobile: string | null; email: string | null } {
  return { mobile: person.mobile.trim() || null, email: person.email.trim() || null };
}

export function ChangeOfficer({ officer, close }: { officer: Officer; close: () => void }): ReactNode {
  const t = admin.use();
  const [person, setPerson] = useState<Person>({ ...officer, language: officer.language as Language });
  const { name, rank, station, language, state, districts } = person;
  const asked: Asked | null = name.trim()
    ? {
        kind: "officer_changed",
        officer: { officer_id: officer.officer_id, name, rank, station, language, state, ...contactOf(person), districts: [...districts] },
      }
    : null;
  return (
    <Propose title={t("change_officer_of", { name: officer.name })} asked={asked} close={close}>
      <PersonFields person={person} change={setPerson} />
    </Propose>
  );
}

/** The beginning of a day in India; undefined for no day. */
function startOf(day: string): string | undefined {
  return day === "" ? undefined : `${day}T00:00:00+05:30`;
}

export function GiveRole({ officer, close }: { officer: Officer; close: () => void }): ReactNode {
  const t = admin.use();
  const open = ROLES.filter((role) => !officer.roles.includes(role));
  const [role, setRole] = useState<Role>(open[0] ?? "desk");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const asked: Asked = {
    kind: "role_given",
    officer_id: officer.officer_id,
    role,
    ...(from !== "" && { from_at: startOf(from) as string }),
    ...(until !== "" && { until_at: startOf(until) as string }),
  };
  return (
    <Propose title={t("give_role_to", { name: officer.name })} asked={asked} close={close}>
      <div className="admin-fields">
        <Choose label={t("role")} autoFocus value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {open.map((one) => (
            <option key={one} value={one}>
              {named(t, "role", one)}
            </option>
          ))}
        </Choose>
        <Field label={t("from_day")} type="date" value={from} onChange={(event) => setFrom(event.target.value)} />
        <Field label={t("until_day")} type="date" value={until} onChange={(event) => setUntil(event.target.value)} />
      </div>
    </Propose>
  );
}

export function MoveMember({ officer, close }: { officer: Officer; close: () => void }): ReactNode {
  const t = admin.use();
  const known = useQuery(teams).data?.items ?? [];
  const [from, setFrom] = useState(officer.teams[0] ?? "");
  const [to, setTo] = useState("");
  const asked: Asked | null =
    from || to
      ? { kind: "member_moved", officer_id: officer.officer_id, ...(from && { from_team: from }), ...(to && { to_team: to }) }
      : null;
  return (
    <Propose title={t("move_member_of", { name: officer.name })} asked={asked} close={close}>
      <div className="admin-fields">
        <Choose label={t("from_team")} value={from} onChange={(event) => setFrom(event.target.value)}>
          <option value="">{t("no_team")}</option>
          {officer.teams.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Choose>
        <Choose label={t("to_team")} autoFocus value={to} onChange={(event) => setTo(event.target.value)}>
          <option value="">{t("no_team")}</option>
          {known
            .filter((one) => !officer.teams.includes(one.name))
            .map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
        </Choose>
      </div>
    </Propose>
  );
}

export function DisableNow({ officer, close }: { officer: Officer; close: () => void }): ReactNode {
  const t = admin.use();
  const proof = useProof();
  const disable = useVerb({
    run: () =>
      proof.provedIfAsked(() =>
        ok(api.POST("/api/v1/officers/{officer_id}/disable", { params: { path: { officer_id: officer.officer_id } } })),
      ),
    readAgain: [ADMIN],
    done: close,
    refused: () => undefined,
  });
  return (
    <>
      <AskDialog
        title={t("disable_now")}
        isDanger
        says={t("disable_says", { name: officer.name })}
        isReady={!disable.isRunning}
        problem={disable.problem}
        run={() => disable.act(undefined)}
        close={close}
      />
      {proof.dialog}
    </>
  );
}

export function Absences({
  officerId,
  known,
  close,
}: {
  officerId: string;
  known: readonly Schemas["Absence"][];
  close: () => void;
}): ReactNode {
  const t = admin.use();
  const [absences, setAbsences] = useState<readonly Schemas["Absence"][]>([...known, { first_day: "", last_day: "" }]);
  const whole = absences.filter((one) => one.first_day !== "" && one.last_day !== "");
  const write = useVerb({
    run: () =>
      ok(api.PUT("/api/v1/officers/{officer_id}/absences", { params: { path: { officer_id: officerId } }, body: { absences: [...whole] } })),
    readAgain: [ADMIN],
    done: close,
    refused: () => undefined,
  });
  const change = (place: number, part: Partial<Schemas["Absence"]>): void =>
    setAbsences(absences.map((one, index) => (index === place ? { ...one, ...part } : one)));
  return (
    <AskDialog
      title={t("write_absences")}
      says={t("absences_says")}
      isReady={!write.isRunning}
      problem={write.problem}
      run={() => write.act(undefined)}
      close={close}
    >
      {absences.map((one, place) => (
        <div key={place} className="admin-fields">
          <Field label={t("first_day")} type="date" value={one.first_day} onChange={(event) => change(place, { first_day: event.target.value })} />
          <Field label={t("last_day")} type="date" value={one.last_day} onChange={(event) => change(place, { last_day: event.target.value })} />
        </div>
      ))}
      <button type="button" className="btn" onClick={() => setAbsences([...absences, { first_day: "", last_day: "" }])}>
        {t("one_more")}
      </button>
    </AskDialog>
  );
}
