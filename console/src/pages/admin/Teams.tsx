/** Teams: who is in them, where and when they work. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { Field } from "../../parts/Field.tsx";
import { useDistricts } from "../../parts/names.ts";
import { chooseOfficer } from "./chosen.ts";
import { Frame } from "./Frame.tsx";
import { ListField } from "./ListField.tsx";
import { ListPanel } from "./ListPanel.tsx";
import { ADMIN, type Team, teams, useMay } from "./reads.ts";
import { asShifts, shiftsText, typedShifts } from "./shifts.ts";
import { useDistrictsText } from "./presence.tsx";
import { admin } from "./text.ts";

export default function Teams(): ReactNode {
  const t = admin.use();
  const districtsText = useDistrictsText();
  const mayChange = useMay("change_teams");
  const [isAdding, setIsAdding] = useState(false);
  const [changed, setChanged] = useState<Team | null>(null);
  const [ends, setEnds] = useState<Team | null>(null);
  const query = useQuery(teams);
  const found = query.data?.items ?? [];
  return (
    <Frame section="teams">
      <ListPanel
        section="teams"
        rule={t("teams_rule")}
        addText={t("add_team")}
        add={mayChange ? () => setIsAdding(true) : null}
        query={query}
        isEmpty={found.length === 0}
        emptyText={t("no_teams")}
      >
        <div className="admin-scroll" role="region" aria-labelledby="h-teams" tabIndex={0}>
          <table className="grid top">
            <thead>
              <tr>
                <th scope="col">{t("team")}</th>
                <th scope="col">{t("lead")}</th>
                <th scope="col">{t("members")}</th>
                <th scope="col">{t("districts")}</th>
                <th scope="col">{t("shifts")}</th>
                <th scope="col">
                  <span className="sr">{t("act")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {found.map((one) => (
                <tr key={one.name}>
                  <th scope="row">{one.name}</th>
                  <td>{one.lead ? <OfficerLink id={one.lead} /> : "–"}</td>
                  <td>
                    <Members ids={one.members ?? []} />
                  </td>
                  <td>{districtsText(one.districts ?? [])}</td>
                  <td>{shiftsText(one.shifts ?? [], t.language) || <span className="mut">{t("any_hour")}</span>}</td>
                  <td className="num">
                    {mayChange && (
                      <span className="row">
                        <button
                          type="button"
                          className="btn"
                          aria-label={t("change_team", { team: one.name })}
                          onClick={() => setChanged(one)}
                        >
                          {t("change")}
                        </button>
                        <button type="button" className="btn" aria-label={t("end_team", { team: one.name })} onClick={() => setEnds(one)}>
                          {t("end")}
                        </button>
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </ListPanel>
      {isAdding && <TeamForm before={null} close={() => setIsAdding(false)} />}
      {changed !== null && <TeamForm before={changed} close={() => setChanged(null)} />}
      {ends !== null && <EndTeam team={ends} close={() => setEnds(null)} />}
    </Frame>
  );
}

function OfficerLink({ id }: { id: string }): ReactNode {
  return (
    <Link to="/officers" className="mono" onClick={() => chooseOfficer(id)}>
      {id}
    </Link>
  );
}

/** Members shown before the others are folded. */
const FEW = 8;

function Members({ ids }: { ids: readonly string[] }): ReactNode {
  const t = admin.use();
  const [isOpen, setIsOpen] = useState(false);
  if (ids.length === 0) return "–";
  return (
    <span className="admin-members">
      {(isOpen ? ids : ids.slice(0, FEW)).map((id) => (
        <OfficerLink key={id} id={id} />
      ))}
      {!isOpen && ids.length > FEW && (
        <button type="button" className="btn link" onClick={() => setIsOpen(true)}>
          {t.count("more_members", ids.length - FEW)}
        </button>
      )}
    </span>
  );
}

/** A new team, or all that a known one has. */
function TeamForm({ before, close }: { before: Team | null; close: () => void }): ReactNode {
  const t = admin.use();
  const [name, setName] = useState(before?.name ?? "");
  const [lead, setLead] = useState(before?.lead ?? "");
  const [members, setMembers] = useState<readonly string[]>(before?.members ?? []);
  const [districts, setDistricts] = useState<readonly string[]>(before?.districts ?? []);
  const [hours, setHours] = useState(typedShifts(before?.shifts ?? []));
  const shifts = asShifts(hours);
  const known = useDistricts();
  const write = useVerb({
    run: () => {
      const body = { name: name.trim(), lead: lead.trim() || null, members: [...members], districts: [...districts], shifts: shifts ?? [] };
      if (before === null) return ok(api.POST("/api/v1/teams", { body }));
      return ok(api.PUT("/api/v1/teams/{name}", { params: { path: { name: before.name } }, body: { seen: before, team: body } }));
    },
    readAgain: [ADMIN],
    done: close,
    refused: () => undefined,
  });
  return (
    <AskDialog
      title={before === null ? t("add_team") : t("change_team", { team: before.name })}
      says={t(before === null ? "add_team_says" : "change_team_says")}
      isReady={name.trim() !== "" && shifts !== null && !write.isRunning}
      problem={write.problem}
      run={() => write.act(undefined)}
      close={close}
    >
      <div className="admin-fields">
        <Field label={t("team")} autoFocus maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
        <Field label={t("lead")} maxLength={64} value={lead} onChange={(event) => setLead(event.target.value)} />
      </div>
      <ListField label={t("members")} values={members} change={setMembers} />
      <ListField label={t("districts")} values={districts} change={setDistricts} suggestions={known} isKnownOnly />
      <Field
        label={t("shifts_typed")}
        placeholder="mon-fri 09:00-18:00"
        value={hours}
        onChange={(event) => setHours(event.target.value)}
        findings={hoursFindings(t, hours, shifts)}
      />
    </AskDialog>
  );
}

function hoursFindings(t: ReturnType<typeof admin.use>, typed: string, shifts: ReturnType<typeof asShifts>) {
  if (typed.trim() === "") return [{ standing: "plain" as const, text: t("any_hour") }];
  if (shifts === null) return [{ standing: "bad" as const, text: t("shifts_wrong") }];
  return [{ standing: "good" as const, text: shiftsText(shifts, t.language) }];
}

function EndTeam({ team, close }: { team: Team; close: () => void }): ReactNode {
  const t = admin.use();
  const end = useVerb({
    run: () => ok(api.POST("/api/v1/teams/{name}/end", { params: { path: { name: team.name } } })),
    readAgain: [ADMIN],
    done: close,
    refused: () => undefined,
  });
  return (
    <AskDialog
      title={t("end_team", { team: team.name })}
      isDanger
      says={t("end_team_says")}
      isReady={!end.isRunning}
      problem={end.problem}
      run={() => end.act(undefined)}
      close={close}
    />
  );
}
