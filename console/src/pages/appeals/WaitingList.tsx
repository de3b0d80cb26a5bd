/** The list at the left: what waits, the first deadline first. What is late says so. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";

import { useCommand } from "../../keys/commands.ts";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { Rupees } from "../../parts/money.tsx";
import { useBankName } from "../../parts/names.ts";
import { Deadline, Moment } from "../../parts/time.tsx";
import type { Asked } from "./asked.ts";
import { appealCommands } from "./commands.ts";
import { type GrievanceHead, grievances, type Hold, smallHolds } from "./reads.ts";
import { appeals } from "./text.ts";

export interface Waiting {
  readonly grievances: readonly GrievanceHead[];
  readonly holds: readonly Hold[];
  readonly ids: readonly string[];
  /** the open file; null if there is none */
  readonly at: string | null;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly hasMore: boolean;
  readonly more: () => void;
}

/** The items of the chosen list. */
export function useWaiting(asked: Asked): Waiting {
  const appealsRead = useInfiniteQuery(grievances(asked));
  const holdsRead = useInfiniteQuery(smallHolds(asked));
  const read = asked.list === "small" ? holdsRead : appealsRead;
  const found = asked.list === "small" ? [] : (appealsRead.data?.pages.flatMap((page) => page.items) ?? []);
  const holds = asked.list === "small" ? (holdsRead.data?.pages.flatMap((page) => page.items) ?? []) : [];
  const ids = asked.list === "small" ? holds.map((one) => one.hold_id) : found.map((one) => one.grievance_id);
  return {
    grievances: found,
    holds,
    ids,
    at: asked.at,
    isPending: read.isPending,
    error: read.error,
    hasMore: read.hasNextPage,
    more: () => void read.fetchNextPage(),
  };
}

export function WaitingList({
  waiting,
  asked,
  open,
}: {
  waiting: Waiting;
  asked: Asked;
  open: (id: string) => void;
}): ReactNode {
  const t = appeals.use();
  const bankOf = useBankName();
  const place = waiting.ids.indexOf(waiting.at ?? "");
  const go = (step: number): void => {
    const id = waiting.ids[Math.max(0, Math.min(waiting.ids.length - 1, place + step))];
    if (id !== undefined) open(id);
  };
  useCommand(appealCommands.down, () => go(1), waiting.ids.length > 0);
  useCommand(appealCommands.up, () => go(-1), waiting.ids.length > 0);
  return (
    <>
      <p className="appeals-count xs mut" role="status">
        {waiting.isPending ? t("loading") : waiting.ids.length === 0 ? t("none_waits") : t.count("waiting", waiting.ids.length)}
        {waiting.hasMore && ` ${t("and_more")}`}
        {waiting.ids.length > 0 && (
          <span className="push">
            <KeyMark command={appealCommands.down} /> <KeyMark command={appealCommands.up} />
          </span>
        )}
      </p>
      <ul className="appeals-items">
        {waiting.grievances.map((one) => (
          <Item key={one.grievance_id} isOpen={one.grievance_id === waiting.at} open={() => open(one.grievance_id)}>
            <b>
              <Rupees paise={one.held_paise} />
            </b>
            <span className="xs num">{one.due_at !== null && <Deadline at={Date.parse(one.due_at)} />}</span>
            <span className="cut">
              {one.number} · {bankOf(one.institution)}
            </span>
            <span className="xs mut num">{t(`level.${one.level}`)}</span>
            {one.waits_for && <span className="all xs warn">{t(`stage.${one.waits_for}`)}</span>}
          </Item>
        ))}
        {waiting.holds.map((one) => (
          <Item key={one.hold_id} isOpen={one.hold_id === waiting.at} open={() => open(one.hold_id)}>
            <b>
              <Rupees paise={one.held_paise} />
            </b>
            <span className="xs num">
              {t("since")} <Moment at={Date.parse(one.first_held_at)} />
            </span>
            <span className="cut">{bankOf(one.institution)}</span>
            <span className="xs mut num mono">{one.reference}</span>
            {one.waits_for && <span className="all xs warn">{t(`stage.${one.waits_for}`)}</span>}
          </Item>
        ))}
      </ul>
      {waiting.hasMore && (
        <button type="button" className="btn" onClick={waiting.more}>
          {t(asked.list === "small" ? "more_holds" : "more")}
        </button>
      )}
    </>
  );
}

function Item({ isOpen, open, children }: { isOpen: boolean; open: () => void; children: ReactNode }): ReactNode {
  const place = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isOpen) place.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  return (
    <li>
      <button ref={place} type="button" className="appeals-item" aria-current={isOpen || undefined} onClick={open}>
        {children}
      </button>
    </li>
  );
}
