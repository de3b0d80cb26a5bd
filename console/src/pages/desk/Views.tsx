/** Views: filters with a name and a live count. The first ones are always there; the others are the officer's own. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { type Command, useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { deskCommands, viewCommands, VIEWS_MOST } from "./commands.ts";
import { NameView } from "./dialogs.tsx";
import { bodyOf, EVERYTHING, type Filter, FIRST_VIEW, keyOf, savedFilter, searchOf } from "./filters.ts";
import { counts, openIn, savedViews } from "./queue.ts";
import { desk } from "./text.ts";

const PLACES = 20;

interface View {
  readonly name: string;
  readonly filter: Filter;
  /** place among the officer's own; null for one that is always there */
  readonly place: number | null;
}

function useViews(): readonly View[] {
  const t = desk.use();
  const me = useSession().officer_id;
  const { data } = useQuery(savedViews);
  return [
    { name: t("view.open"), filter: FIRST_VIEW, place: null },
    { name: t("view.phone"), filter: { ...FIRST_VIEW, kinds: ["phone_bank"] }, place: null },
    { name: t("view.mine"), filter: { ...EVERYTHING, owner: me }, place: null },
    { name: t("view.persons"), filter: { ...FIRST_VIEW, persons: ["child", "woman", "senior"] }, place: null },
    { name: t("view.asleep"), filter: { ...EVERYTHING, snoozed: true }, place: null },
    ...(data ?? []).map((one) => ({ name: one.name, filter: savedFilter(one.filter), place: one.place })),
  ];
}

/** Return what opens the queue with a filter, which stands in the address. */
export function useOpenView(): (filter: Filter) => void {
  const navigate = useNavigate();
  return (filter) => {
    const wanted = searchOf(filter);
    // An address without anything is the first view, so a filter of nothing says so.
    void navigate({ to: "/desk", search: (Object.keys(wanted).length === 0 ? { all: true } : wanted) as never });
  };
}

/** The tabs of the desk. Without a filter one of its other pages is open. */
export function Views({ filter, open }: { filter: Filter | null; open: (filter: Filter) => void }): ReactNode {
  const t = desk.use();
  const client = useQueryClient();
  const views = useViews();
  const [isNaming, setIsNaming] = useState(false);
  const { queryKey } = savedViews;
  const current = filter === null ? undefined : views.find((one) => keyOf(one.filter) === keyOf(filter));
  const used = new Set(views.map((one) => one.place));
  const free = Array.from({ length: PLACES }, (_, index) => index + 1).find((place) => !used.has(place));
  const save = useVerb({
    run: (name: string) =>
      ok(
        api.PUT("/api/v1/desk/task-filters/{place}", {
          params: { path: { place: free ?? PLACES } },
          body: { name, filter: bodyOf(filter ?? EVERYTHING) },
        }),
      ),
    readAgain: [queryKey],
  });
  const remove = useVerb({
    run: (place: number) => ok(api.DELETE("/api/v1/desk/task-filters/{place}", { params: { path: { place } } })),
    show: (_, place) => {
      const before = client.getQueryData(queryKey);
      client.setQueryData(queryKey, (items) => items?.filter((one) => one.place !== place));
      return () => client.setQueryData(queryKey, before);
    },
    readAgain: [queryKey],
  });
  return (
    <nav className="views" aria-label={t("views")}>
      {views.map((view, index) => (
        <ViewTab
          key={view.place ?? `first-${index}`}
          view={view}
          index={index}
          isCurrent={view === current}
          open={() => open(view.filter)}
        />
      ))}
      {filter !== null && current === undefined && (
        <CommandButton command={deskCommands.save_view} run={() => setIsNaming(true)} className="btn link" />
      )}
      {current?.place != null && (
        <button type="button" className="btn link" onClick={() => remove.act(current.place ?? 0)}>
          {t("delete_view")}
        </button>
      )}
      <PageTab command={deskCommands.call_list} path="/desk/calls" />
      <PageTab command={deskCommands.handover} path="/desk/handover" />
      {isNaming && (
        <NameView
          title={t("cmd.save_view")}
          about={t("save_about")}
          run={(name) => {
            setIsNaming(false);
            save.act(name);
          }}
          close={() => setIsNaming(false)}
        />
      )}
    </nav>
  );
}

/** The tab of a page of the desk that is no queue. */
function PageTab({ command, path }: { command: Command; path: "/desk/calls" | "/desk/handover" }): ReactNode {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  useCommand(command, () => void navigate({ to: path }));
  return (
    <Link to={path} className="view" aria-current={pathname.startsWith(path) ? "page" : undefined}>
      {command.label()} <KeyMark command={command} />
    </Link>
  );
}

function ViewTab({
  view,
  index,
  isCurrent,
  open,
}: {
  view: View;
  index: number;
  isCurrent: boolean;
  open: () => void;
}): ReactNode {
  const { data } = useQuery(counts(view.filter));
  const command = viewCommands[index];
  useCommand(command ?? (viewCommands[0] as NonNullable<typeof command>), open, index < VIEWS_MOST);
  return (
    <button type="button" className="view" aria-current={isCurrent || undefined} onClick={open}>
      {view.name} <span className="count">{openIn(data) ?? "…"}</span>
      {command && <KeyMark command={command} />}
    </button>
  );
}
