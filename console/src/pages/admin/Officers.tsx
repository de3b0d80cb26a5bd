/** Officers: the list, found by one text, and the one that is chosen beside it. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { chooseOfficer, useChosenOfficer } from "./chosen.ts";
import { adminCommands } from "./commands.ts";
import { Finder } from "./Finder.tsx";
import { Frame } from "./Frame.tsx";
import { AddOfficer } from "./officerForms.tsx";
import { OfficerDetails } from "./OfficerDetails.tsx";
import { Presence, useDistrictsText } from "./presence.tsx";
import { type Officer, officers, officersFound, useIsAdmin, useSettled } from "./reads.ts";
import { admin, named } from "./text.ts";

export default function Officers(): ReactNode {
  const t = admin.use();
  const isAdmin = useIsAdmin();
  const [text, setText] = useState("");
  const [isAdding, setIsAdding] = useState(false);
  const chosen = useChosenOfficer();
  const sought = useSettled(text.trim());
  const all = useInfiniteQuery({ ...officers, enabled: sought === "" });
  const found = useQuery({ ...officersFound(sought), enabled: sought !== "" });
  const shown = sought === "" ? (all.data?.pages.flatMap((page) => page.items) ?? []) : (found.data?.items ?? []);
  const query = sought === "" ? all : found;
  const move = (step: number): void => {
    const next = shown[shown.findIndex((one) => one.officer_id === chosen) + step] ?? (step > 0 ? shown.at(-1) : shown[0]);
    if (next) chooseOfficer(next.officer_id);
  };
  useCommand(adminCommands.down, () => move(1));
  useCommand(adminCommands.up, () => move(-1));
  return (
    <Frame section="officers">
      <div className="admin-pair" data-open={chosen !== null || undefined}>
        <section className="panel admin-list" aria-labelledby="h-officers">
          <header className="wraps">
            <h1 id="h-officers">{t("section.officers")}</h1>
            <Finder label={t("find_officer")} text={text} change={setText} />
            {isAdmin && (
              <CommandButton command={adminCommands.add} run={() => setIsAdding(true)} className="btn push">
                {t("add_officer")}
              </CommandButton>
            )}
          </header>
          {query.error !== null && <ErrorState error={query.error} reset={() => void query.refetch()} />}
          {query.isPending && <LoadingState />}
          {query.isSuccess && shown.length === 0 && <EmptyState>{t("no_officer_found")}</EmptyState>}
          {shown.length > 0 && <OfficerTable officers={shown} chosen={chosen} />}
          {sought === "" && all.hasNextPage && (
            <button type="button" className="btn admin-more" onClick={() => void all.fetchNextPage()}>
              {t("more")}
            </button>
          )}
          {sought !== "" && found.data?.is_cut && <p className="admin-more mut sm">{t("found_cut")}</p>}
        </section>
        {chosen === null ? (
          <p className="panel state admin-none">{t("choose_officer")}</p>
        ) : (
          <OfficerDetails key={chosen} officerId={chosen} />
        )}
      </div>
      {isAdding && <AddOfficer close={() => setIsAdding(false)} />}
    </Frame>
  );
}

function OfficerTable({ officers: shown, chosen }: { officers: readonly Officer[]; chosen: string | null }): ReactNode {
  const t = admin.use();
  const districtsText = useDistrictsText();
  return (
    <div className="admin-scroll" role="region" aria-labelledby="h-officers" tabIndex={0}>
      <table className="grid people">
        <thead>
          <tr>
            <th scope="col">{t("officer")}</th>
            <th scope="col">{t("roles")}</th>
            <th scope="col">{t("districts")}</th>
            <th scope="col">{t("team")}</th>
            <th scope="col">{t("presence")}</th>
            <th scope="col">{t("last_sign_in")}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one.officer_id} className={one.officer_id === chosen ? "on" : undefined}>
              <th scope="row">
                <button
                  type="button"
                  className="btn link"
                  aria-expanded={one.officer_id === chosen}
                  onClick={() => chooseOfficer(one.officer_id)}
                >
                  {one.name}
                </button>{" "}
                <span className="mono mut">{one.officer_id}</span>
              </th>
              <td>{one.roles.map((role) => named(t, "role", role)).join(", ") || <span className="mut">{t("no_role")}</span>}</td>
              <td className="admin-cut" title={districtsText(one.districts)}>
                {districtsText(one.districts)}
              </td>
              <td>{one.teams.join(", ") || "–"}</td>
              <td>
                <Presence officer={one} />
              </td>
              <td>{one.last_sign_in_at === null ? <span className="mut">{t("never")}</span> : <Moment at={Date.parse(one.last_sign_in_at)} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
