/** One officer: roles of all times, absences, sessions, sign-ins, refused acts, notices, and who changed what. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { useSession } from "../../app/session.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { ChangeList } from "./ChangeList.tsx";
import { chooseOfficer } from "./chosen.ts";
import { Notices, Refusals, Roles, Sessions, SignIns } from "./officerParts.tsx";
import { Absences, ChangeOfficer, DisableNow, GiveRole, MoveMember } from "./officerForms.tsx";
import { dayOf, Part } from "./Part.tsx";
import { Presence, useDistrictsText } from "./presence.tsx";
import { Propose } from "./Propose.tsx";
import { officer, useIsAdmin, useMay } from "./reads.ts";
import { admin } from "./text.ts";

type Open = "change" | "give" | "move" | "enable" | "reset" | "disable" | "absences" | null;

export function OfficerDetails({ officerId }: { officerId: string }): ReactNode {
  const t = admin.use();
  const districtsText = useDistrictsText();
  const isAdmin = useIsAdmin();
  const mayRead = useMay("read_sign_ins");
  const mayReadNotices = useMay("read_notice_settings");
  const mayWriteAbsences = useMay("change_teams");
  const me = useSession().officer_id;
  const [open, setOpen] = useState<Open>(null);
  const found = useQuery(officer(officerId));
  const close = (): void => setOpen(null);
  if (found.error) return <ErrorState error={found.error} reset={() => void found.refetch()} />;
  if (found.data === undefined) return <LoadingState />;
  const { officer: one, roles, absences } = found.data;
  const isDisabled = one.disabled_at !== null;
  // Another admin acts on an admin's own rights.
  const isOther = officerId !== me;
  const button = (name: Exclude<Open, null>, text: string): ReactNode => (
    <button type="button" className="btn" onClick={() => setOpen(name)}>
      {text}
    </button>
  );
  return (
    <section className="panel admin-detail" aria-labelledby="h-officer">
      <header className="wraps">
        <button type="button" className="btn admin-back" onClick={() => chooseOfficer(null)}>
          ← {t("back_to_list")}
        </button>
        <h2 id="h-officer">{one.name}</h2>
        <span className="mono mut">{one.officer_id}</span>
        <Presence officer={one} />
      </header>
      <dl className="admin-facts">
        <Fact name={t("rank")} text={one.rank} />
        <Fact name={t("station")} text={one.station} />
        <Fact name={t("districts")} text={districtsText(one.districts)} />
        <Fact name={t("team")} text={one.teams.join(", ")} />
        <Fact name={t("mobile")} text={one.mobile} />
        <Fact name={t("email")} text={one.email} />
      </dl>
      {isAdmin && isOther && (
        <div className="admin-acts" role="group" aria-label={t("propose_for_officer")}>
          {button("change", t("change_officer"))}
          {button("give", t("give_role"))}
          {button("move", t("move_member"))}
          {isDisabled ? button("enable", t("enable")) : button("disable", t("disable_now"))}
          {button("reset", t("reset"))}
        </div>
      )}
      {isAdmin && !isOther && <p className="note">{t("own_rights")}</p>}
      <Roles officer={one} roles={roles} mayEnd={isAdmin && isOther} />
      <Part title={t("absences")} id="h-absences">
        <p className="row wrap">
          {absences.length === 0 ? (
            <span className="mut">{t("no_absence")}</span>
          ) : (
            absences.map((days) => (
              <span key={days.first_day} className="chip">
                {dayOf(days.first_day)} – {dayOf(days.last_day)}
              </span>
            ))
          )}
          {mayWriteAbsences && button("absences", t("write_absences"))}
        </p>
      </Part>
      {mayRead && <Sessions officerId={officerId} mayEnd={isAdmin} />}
      {mayRead && <SignIns officerId={officerId} />}
      <Refusals officerId={officerId} />
      {mayReadNotices && <Notices officerId={officerId} />}
      <Part title={t("changes_of_officer")} id="h-of-officer">
        <ChangeList filter={{ subject: officerId }} isShort />
      </Part>
      {open === "change" && <ChangeOfficer officer={one} close={close} />}
      {open === "give" && <GiveRole officer={one} close={close} />}
      {open === "move" && <MoveMember officer={one} close={close} />}
      {open === "enable" && <Propose title={t("enable")} asked={{ kind: "officer_enabled", officer_id: officerId }} close={close} />}
      {open === "reset" && <Propose title={t("reset")} asked={{ kind: "officer_reset", officer_id: officerId }} close={close} />}
      {open === "disable" && <DisableNow officer={one} close={close} />}
      {open === "absences" && <Absences officerId={officerId} known={absences} close={close} />}
    </section>
  );
}

function Fact({ name, text }: { name: string; text: string }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text || "–"}</dd>
    </div>
  );
}
