/** Proposals that wait for another admin, and who changed what of officers, teams, banks, displays and the policy. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { useSession } from "../../app/session.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { Choose, Field } from "../../parts/Field.tsx";
import { useDownload } from "../../parts/FileButtons.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { isActor } from "../../text/actors.ts";
import { AREAS, filterOf, LISTS, searchOf, type Shown, shownOf } from "./asked.ts";
import { ChangeList } from "./ChangeList.tsx";
import { adminCommands } from "./commands.ts";
import { Frame } from "./Frame.tsx";
import { ProposalDialog } from "./ProposalDialog.tsx";
import { type Area, changesAs, type Proposal, proposals, useSettled } from "./reads.ts";
import { Subject } from "./Subject.tsx";
import { actorText, admin, named } from "./text.ts";

export default function Changes(): ReactNode {
  const t = admin.use();
  const shown = shownOf(useSearch({ strict: false }) as Record<string, unknown>);
  const navigate = useNavigate();
  const change = (part: Partial<Shown>): void =>
    void navigate({ to: "/changes", search: searchOf({ ...shown, ...part }), replace: true });
  const [typed, setTyped] = useState("");
  const person = useSettled(typed.trim().toLowerCase());
  const filter = filterOf(shown, person);
  const download = useDownload("changes", (how) => changesAs(filter, how));
  return (
    <Frame section="changes">
      <section className="panel" aria-labelledby="h-proposals">
        <header className="wraps">
          <h1 id="h-proposals">{t("proposals")}</h1>
          <span className="seg" role="group" aria-label={t("proposals_shown")}>
            {LISTS.map((list) => (
              <button
                key={list}
                type="button"
                className="seg-part"
                aria-pressed={list === shown.list}
                data-selected={list === shown.list || undefined}
                onClick={() => change({ list })}
              >
                {t(`list.${list}`)}
              </button>
            ))}
          </span>
          <span className="mut sm">{t("four_eyes")}</span>
        </header>
        <ProposalTable list={shown.list} open={(proposal) => change({ proposal })} />
      </section>
      <section className="panel" aria-labelledby="h-changes">
        <header className="wraps">
          <h2 id="h-changes">{t("changes_title")}</h2>
          <span className="admin-filters push" role="search" aria-label={t("filters")}>
            <Choose label={t("area")} value={shown.area ?? ""} onChange={(event) => change({ area: (event.target.value || null) as Area | null })}>
              <option value="">{t("area_all")}</option>
              {AREAS.map((one) => (
                <option key={one} value={one}>
                  {t(`area.${one}`)}
                </option>
              ))}
            </Choose>
            <Field label={t("since_day")} type="date" value={shown.since} onChange={(event) => change({ since: event.target.value })} />
            <Field label={t("until_day_in")} type="date" value={shown.until} onChange={(event) => change({ until: event.target.value })} />
            <Field label={t("acted")} maxLength={64} value={typed} onChange={(event) => setTyped(event.target.value)} />
            <CommandButton command={adminCommands.csv} run={() => download.act("csv")} isDisabled={download.isRunning} />
            <CommandButton command={adminCommands.xlsx} run={() => download.act("xlsx")} isDisabled={download.isRunning} />
          </span>
        </header>
        <ChangeList filter={filter} />
      </section>
      {shown.proposal !== null && <ProposalDialog proposalId={shown.proposal} close={() => change({ proposal: null })} />}
    </Frame>
  );
}

function ProposalTable({ list, open }: { list: Shown["list"]; open: (proposalId: number) => void }): ReactNode {
  const t = admin.use();
  const me = useSession().officer_id;
  const query = useInfiniteQuery(proposals(list === "open" ? "open" : null));
  const all = query.data?.pages.flatMap((page) => page.items) ?? [];
  const found = list === "open" ? all : all.filter((one) => one.state !== "open");
  if (query.error) return <ErrorState error={query.error} reset={() => void query.refetch()} />;
  if (query.isPending) return <LoadingState />;
  if (found.length === 0) return <EmptyState>{t(list === "open" ? "none_waits" : "none_decided")}</EmptyState>;
  return (
    <>
      <div className="admin-scroll" role="region" aria-labelledby="h-proposals" tabIndex={0}>
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">{t("what")}</th>
              <th scope="col">{t("subject")}</th>
              <th scope="col">{t("proposed_by")}</th>
              <th scope="col">{t("when")}</th>
              <th scope="col">{t("reason")}</th>
              <th scope="col">{list === "open" ? t("valid_until") : t("outcome")}</th>
              <th scope="col">
                <span className="sr">{t("act")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {found.map((one) => (
              <tr key={one.proposal_id}>
                <th scope="row">{named(t, "proposal", one.kind)}</th>
                <td>
                  <Subject kind={one.kind} subject={one.subject} />
                </td>
                <td>{isActor(me, one.proposed_by) ? <b>{t("you")}</b> : actorText(t, one.proposed_by)}</td>
                <td>
                  <Moment at={Date.parse(one.proposed_at)} />
                </td>
                <td className="admin-cut" title={one.reason}>
                  {one.reason}
                </td>
                <td>
                  <Standing proposal={one} />
                </td>
                <td className="num">
                  <button
                    type="button"
                    className="btn"
                    aria-label={t("look_at", { what: named(t, "proposal", one.kind), subject: one.subject })}
                    onClick={() => open(one.proposal_id)}
                  >
                    {t("look")}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {query.hasNextPage && (
        <button type="button" className="btn admin-more" onClick={() => void query.fetchNextPage()}>
          {t("more")}
        </button>
      )}
    </>
  );
}

function Standing({ proposal }: { proposal: Proposal }): ReactNode {
  const t = admin.use();
  if (proposal.state === "open") return <Moment at={Date.parse(proposal.valid_until)} />;
  return (
    <>
      <span className={`chip ${proposal.state === "agreed" ? "good" : ""}`}>{t(`state.${proposal.state}`)}</span>{" "}
      {proposal.decided_by !== null && actorText(t, proposal.decided_by)}
    </>
  );
}
