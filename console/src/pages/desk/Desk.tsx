/** The desk: one queue by the rupees that can still be caught, and the chosen work item beside it. */

import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";

import "./desk.css";

import { useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { Rupees } from "../../parts/money.tsx";
import { useDistrictName } from "../../parts/names.ts";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { say } from "../../parts/toasts.ts";
import { serverNow } from "../../text/clock.ts";
import { useActs } from "./acts.tsx";
import { useArrived } from "./arrived.ts";
import { Bulk, BULK_VERBS, type BulkVerb, type Chosen } from "./bulk.tsx";
import { deskCommands } from "./commands.ts";
import { Detail } from "./Detail.tsx";
import { EndedShift } from "./EndedShift.tsx";
import { type Filter, filterOf, keyOf, ownerNow, type Search, sleepsNow } from "./filters.ts";
import { FilterBar } from "./FilterBar.tsx";
import { merged } from "./live.ts";
import { counts, openIn, queue, readAgain } from "./queue.ts";
import { Queue } from "./Queue.tsx";
import { desk } from "./text.ts";
import type { Item } from "./verbs.ts";
import { useOpenView, Views } from "./Views.tsx";

/** Items that `next` tries before it says that all are taken. */
const TRIES_MAX = 5;
/** the district of a complaint whose caller did not tell it */
const NOT_STATED = "NOT STATED";

export default function Desk(): ReactNode {
  const t = desk.use();
  const search = useSearch({ strict: false }) as Search;
  const filter = useMemo(() => filterOf(search), [search]);
  const change = useOpenView();
  return (
    <main className="desk">
      <h1 className="sr">{t("title")}</h1>
      <Views filter={filter} open={change} />
      <FilterBar filter={filter} change={change} />
      <EndedShift />
      <Work filter={filter} />
    </main>
  );
}

function useItems(filter: Filter) {
  const read = useInfiniteQuery(queue(filter, desk.use().language));
  const items = useMemo(
    () => (read.data?.pages ?? []).flatMap((page) => page.items.map((task): Item => ({ task, readAt: page.readAt }))),
    [read.data],
  );
  const ids = useMemo(() => new Set(items.map((one) => one.task.task_id)), [items]);
  const lastPaise = read.hasNextPage ? (items.at(-1)?.task.in_play_paise ?? 0) : 0;
  return { ...read, items, known: { ids, lastPaise } };
}

function useDistrictText(): (code: string | null) => string {
  const t = desk.use();
  const nameOf = useDistrictName();
  return useCallback((code) => (code === NOT_STATED ? t("district_unknown") : nameOf(code)), [nameOf, t]);
}

function Work({ filter }: { filter: Filter }): ReactNode {
  const t = desk.use();
  const client = useQueryClient();
  const { items, known, isPending, isPlaceholderData, isFetchingNextPage, hasNextPage, fetchNextPage, error, refetch } =
    useItems(filter);
  const [arrived, forgetArrived] = useArrived(filter, known);
  const { data: found } = useQuery(counts(filter));
  const districtName = useDistrictText();
  const total = openIn(found);
  const [currentId, setCurrentId] = useState<number | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [isAll, setIsAll] = useState(false);
  const [bulk, setBulk] = useState<BulkVerb | null>(null);
  const [opened, setOpened] = useState(0);

  // An item that left the list leaves its place to the next one.
  const lastIndex = useRef(0);
  const foundAt = items.findIndex((one) => one.task.task_id === currentId);
  const current = foundAt >= 0 ? foundAt : Math.max(0, Math.min(lastIndex.current, items.length - 1));
  lastIndex.current = current;
  const item = items[current];
  const choose = useCallback((index: number) => setCurrentId(items[index]?.task.task_id ?? null), [items]);
  const select = useCallback((taskId: number) => {
    setIsAll(false);
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(taskId)) after.add(taskId);
      return after;
    });
  }, []);
  const needMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const hasSelection = isAll || selected.size > 0;
  const clear = (): void => {
    setSelected(new Set());
    setIsAll(false);
  };
  const key = keyOf(filter);
  useEffect(() => {
    setSelected(new Set());
    setIsAll(false);
    setCurrentId(null);
    lastIndex.current = 0;
  }, [key]);
  // What the officer reads stays the current item when a larger one comes.
  const shownId = item?.task.task_id ?? null;
  useEffect(() => {
    if (currentId === null && !isPlaceholderData) setCurrentId(shownId);
  }, [currentId, shownId, isPlaceholderData]);
  const orMany = (verb: BulkVerb) => (hasSelection ? () => setBulk(verb) : null);
  const { acts, verbs, dialog } = useActs(item, orMany);

  const next = async (): Promise<void> => {
    const now = serverNow();
    const free = items.filter((one) => {
      const task = merged(one.task, one.readAt);
      return task.state === "open" && ownerNow(task, now) === null && !sleepsNow(task, now);
    });
    for (const one of free.slice(0, TRIES_MAX)) {
      setCurrentId(one.task.task_id);
      // Another officer may be faster; then the one after it is tried.
      const isTaken = await verbs.claim.ask(one).then(
        () => true,
        () => false,
      );
      if (isTaken) {
        setOpened((before) => before + 1);
        return;
      }
    }
    say({ kind: "plain", text: t("none_free") });
  };
  const showNew = (): void => {
    forgetArrived();
    void readAgain(client, filter, t.language);
  };
  useCommand(deskCommands.down, () => choose(Math.min(items.length - 1, current + 1)));
  useCommand(deskCommands.up, () => choose(Math.max(0, current - 1)));
  useCommand(deskCommands.select, () => item && select(item.task.task_id), item !== undefined);
  useCommand(deskCommands.select_all, () => setIsAll(true), items.length > 0);
  useCommand(deskCommands.clear, clear, hasSelection);

  if (error !== null && items.length === 0) return <ErrorState error={error} reset={() => void refetch()} />;
  const refs = items.flatMap((one) =>
    selected.has(one.task.task_id)
      ? [{ task_id: one.task.task_id, version: merged(one.task, one.readAt).version }]
      : [],
  );
  const chosen: Chosen = isAll ? { filter, count: total ?? items.length } : { refs };
  return (
    <div className="work">
      <div className="list">
        {arrived.length > 0 && (
          <div className="came" role="status">
            <b>{t.count("came", arrived.length)}</b>{" "}
            <Rupees paise={arrived.reduce((sum, one) => sum + (one.in_play_paise ?? 0), 0)} />.{" "}
            <span className="mut">{t("came_hint")}</span>
            <CommandButton command={deskCommands.show_new} run={showNew} className="btn push" />
          </div>
        )}
        {isPending ? (
          <LoadingState />
        ) : items.length === 0 ? (
          <EmptyState>{t("empty")}</EmptyState>
        ) : (
          <Queue
            items={items}
            total={total}
            current={current}
            selected={selected}
            isOld={isPlaceholderData}
            districtName={districtName}
            choose={choose}
            select={select}
            open={() => setOpened((before) => before + 1)}
            needMore={needMore}
          />
        )}
        {hasSelection && (
          <div className="bulk" role="toolbar" aria-label={t("for_selection")}>
            <b role="status">
              {isAll ? t.count("bulk_filter", total ?? items.length) : t.count("bulk_ticked", selected.size)}
            </b>
            {!isAll && (
              <button type="button" className="btn link" onClick={() => setIsAll(true)}>
                {t("or_all")}
              </button>
            )}
            {BULK_VERBS.map((verb) => (
              <button key={verb} type="button" className="btn" onClick={() => setBulk(verb)}>
                {deskCommands[verb].label()}
              </button>
            ))}
            <CommandButton command={deskCommands.clear} run={clear} className="btn link" />
          </div>
        )}
        <div className="foot">
          <CommandButton command={deskCommands.next} run={() => void next()} isDisabled={verbs.claim.isRunning || items.length === 0} />
          <span className="xs mut push">{t("foot")}</span>
        </div>
      </div>
      {item && <Detail key={item.task.task_id} item={item} acts={acts} isOpened={opened} districtName={districtName} />}
      {dialog}
      {bulk !== null && (
        <Bulk
          verb={bulk}
          chosen={chosen}
          filter={filter}
          nameOf={({ task_id, case_ack_no }) => {
            const one = items.find(({ task }) => task.task_id === task_id)?.task;
            const bank = one ? (one.institution?.name ?? t("no_bank")) : t("item_no", { number: task_id });
            return [bank, one?.case_ack_no ?? case_ack_no].filter(Boolean).join(", ");
          }}
          close={(isDone) => {
            setBulk(null);
            if (isDone) clear();
          }}
        />
      )}
    </div>
  );
}
