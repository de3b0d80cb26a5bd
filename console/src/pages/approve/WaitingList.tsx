/** The files that wait for the officer, the first deadline first, and below them those that wait for others. What is late says so. */

import { type ReactNode, useEffect, useRef } from "react";

import { CommandButton } from "../../parts/Button.tsx";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { Rupees } from "../../parts/money.tsx";
import { Deadline } from "../../parts/time.tsx";
import { isActor } from "../../text/actors.ts";
import { dayText } from "../../text/moments.ts";
import { useSession } from "../../app/session.ts";
import { caseText, worded } from "../case/text.ts";
import { approveCommands } from "./commands.ts";
import type { Act, Waiting } from "./figures.ts";
import { approve } from "./text.ts";

const ACTS: readonly Act[] = [
  "receive_application",
  "verify",
  "decide_objection",
  "waive_notice",
  "take_order",
  "prepare",
  "confirm_credit_account",
  "approve",
  "receive_bond",
];

export function WaitingList({
  toDo,
  others,
  hasOthers,
  unfold,
  act,
  change,
  current,
  open,
  more,
  moreOthers,
  simple,
  together,
}: {
  toDo: readonly Waiting[];
  others: readonly Waiting[];
  /** whether the lines that wait for others are shown */
  hasOthers: boolean;
  unfold: (isUnfolded: boolean) => void;
  act: Act | null;
  change: (act: Act | null) => void;
  current: string | undefined;
  open: (restorationId: string) => void;
  more: (() => void) | null;
  moreOthers: (() => void) | null;
  simple: number;
  together: () => void;
}): ReactNode {
  const t = approve.use();
  return (
    <aside className="waiting" aria-labelledby="h-waiting">
      <header>
        <h2 id="h-waiting">
          {t("waiting")} <Count of={toDo} more={more} />
        </h2>
        <span className="push xs mut">
          <KeyMark command={approveCommands.down} /> <KeyMark command={approveCommands.up} />
        </span>
      </header>
      <div className="pick">
        <label className="sr" htmlFor="act">
          {t("which")}
        </label>
        <select id="act" className="in" value={act ?? ""} onChange={(event) => change((event.target.value || null) as Act | null)}>
          <option value="">{t("act.all")}</option>
          {ACTS.map((one) => (
            <option key={one} value={one}>
              {t(`act.${one}`)}
            </option>
          ))}
        </select>
      </div>
      <Lines of={toDo} more={more} nothing={t("nothing")} current={current} open={open} />
      {simple > 1 && (
        <div className="together">
          <CommandButton command={approveCommands.simple} run={together}>
            {t.count("together", simple)}
          </CommandButton>
          <p className="xs mut">{t("together.says")}</p>
        </div>
      )}
      <button type="button" className="btn link others" aria-expanded={hasOthers} onClick={() => unfold(!hasOthers)}>
        <span aria-hidden="true">{hasOthers ? "▾" : "▸"}</span> {t("others")} <Count of={others} more={moreOthers} />
      </button>
      {hasOthers && <Lines of={others} more={moreOthers} nothing={t("others.nothing")} current={current} open={open} isOfOthers />}
    </aside>
  );
}

function Count({ of, more }: { of: readonly Waiting[]; more: (() => void) | null }): ReactNode {
  return (
    <span className="mut">
      {of.length}
      {more === null ? "" : "+"}
    </span>
  );
}

function Lines({
  of,
  more,
  nothing,
  current,
  open,
  isOfOthers = false,
}: {
  of: readonly Waiting[];
  more: (() => void) | null;
  nothing: string;
  current: string | undefined;
  open: (restorationId: string) => void;
  isOfOthers?: boolean;
}): ReactNode {
  const t = approve.use();
  if (of.length === 0) return <p className="state sm">{nothing}</p>;
  return (
    <>
      <ul>
        {of.map((one) => (
          <Line
            key={one.head.restoration_id}
            one={one}
            isCurrent={one.head.restoration_id === current}
            isOfOthers={isOfOthers}
            open={open}
          />
        ))}
      </ul>
      {more !== null && (
        <button type="button" className="btn more-steps" onClick={more}>
          {t("more")}
        </button>
      )}
    </>
  );
}

function Line({
  one,
  isCurrent,
  isOfOthers,
  open,
}: {
  one: Waiting;
  isCurrent: boolean;
  isOfOthers: boolean;
  open: (id: string) => void;
}): ReactNode {
  const t = approve.use();
  const words = caseText.use();
  const { head, acts } = one;
  const place = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isCurrent) place.current?.scrollIntoView({ block: "nearest" });
  }, [isCurrent]);
  const { officer_id } = useSession();
  const isOwn = acts.includes("approve") && isActor(officer_id, head.prepared_by);
  return (
    <li>
      <button
        type="button"
        ref={place}
        className="wait"
        aria-current={isCurrent ? "true" : undefined}
        onClick={() => open(head.restoration_id)}
      >
        <span className="row">
          <b>
            <Rupees paise={head.paise} />
          </b>
          <span className="push sm">
            {head.due_at === null ? (
              <span className="mut">{t("no_deadline")}</span>
            ) : isOfOthers ? (
              <span className="mut">{t("until", { day: dayText(Date.parse(head.due_at)) })}</span>
            ) : (
              <Deadline at={Date.parse(head.due_at)} />
            )}
          </span>
        </span>
        <span className="sm acts-of">{isOwn ? t("act.own") : acts.map((act) => t(`act.${act}`)).join(" · ")}</span>
        <span className="xs mut row wrap">
          {head.route === null ? words("route.open") : worded(words, "route", head.route)} · {t.count("accounts", head.accounts)}
          {head.is_other_account && <span className="chip warn">{t("other_account")}</span>}
          {head.is_disputed && <span className="chip warn">{t("disputed")}</span>}
        </span>
      </button>
    </li>
  );
}
