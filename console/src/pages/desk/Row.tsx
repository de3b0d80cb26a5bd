/** One work item of the queue: rupees first, then how long ago, whom it is about, and who has it. */

import { memo, type ReactNode } from "react";

import { useSession } from "../../app/session.ts";
import { Rupees } from "../../parts/money.tsx";
import { SaidText } from "../../parts/SaidText.tsx";
import { Since, Until } from "../../parts/time.tsx";
import { useNow } from "../../text/clock.ts";
import { ownerNow, type Person, sleepsNow, startOf } from "./filters.ts";
import { type Task, useLive, useLookers, useRefusal } from "./live.ts";
import { desk } from "./text.ts";

const HOUR_MS = 3_600_000;
export const FLAGS: Readonly<Record<Person, string>> = { woman: "W", child: "C", senior: "S" };

export interface RowProps {
  readonly task: Task;
  readonly readAt: number;
  readonly index: number;
  readonly isCurrent: boolean;
  readonly isSelected: boolean;
  readonly districtName: (code: string | null) => string;
  readonly choose: (index: number) => void;
  readonly select: (taskId: number) => void;
}


export const Row = memo(function Row({
  task: read,
  readAt,
  index,
  isCurrent,
  isSelected,
  districtName,
  choose,
  select,
}: RowProps): ReactNode {
  const t = desk.use();
  const task = useLive(read, readAt);
  const refusal = useRefusal(read.task_id);
  const now = useNow();
  const me = useSession().officer_id;
  const owner = ownerNow(task, now);
  const start = startOf(task);
  const isClosed = task.state === "closed";
  const classes = ["item", owner !== null && owner !== me && "other", isClosed && "closed"].filter(Boolean).join(" ");
  const bank = task.institution?.name ?? t("no_bank");
  const sum = task.in_play_paise;
  return (
    <div
      role="row"
      id={`item-${task.task_id}`}
      className={classes}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      aria-current={isCurrent || undefined}
      tabIndex={isCurrent ? 0 : -1}
      onClick={() => choose(index)}
    >
      <span role="gridcell" className="c-x">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={t("select_item", { item: `${bank}, ${t(`kind.${task.kind}`)}` })}
          checked={isSelected}
          onClick={(event) => event.stopPropagation()}
          onChange={() => select(task.task_id)}
        />
      </span>
      <span role="gridcell" className="c-sum num b">
        {sum === null ? <span className="mut">{t("not_valued")}</span> : <Rupees paise={sum} />}
      </span>
      <span role="gridcell" className={`c-since num ${now - start < HOUR_MS ? "warn b" : ""}`}>
        <Since at={start} />
      </span>
      <span role="gridcell" className="c-bank cut" title={bank}>
        {bank}
      </span>
      <span role="gridcell" className="c-kind cut">
        {t(`kind.${task.kind}`)}
      </span>
      <span role="gridcell" className="c-district cut mut">
        {districtName(task.district)}
      </span>
      <span role="gridcell" className="c-todo cut" title={task.note}>
        {refusal ? <b className="bad"><SaidText said={refusal} /></b> : isClosed ? t("closed_now") : task.note}
      </span>
      <span role="gridcell" className="c-owner cut">
        <Owner owner={owner} isMine={owner === me} taskId={task.task_id} />
        {sleepsNow(task, now) && (
          <span className="mut">
            {t("sleeps")} <Until at={Date.parse(task.snoozed_until ?? "")} />
          </span>
        )}
      </span>
      <span role="gridcell" className="c-flags">
        <Flags persons={task.persons} />
      </span>
    </div>
  );
});

export function Flags({ persons }: { persons: readonly Person[] }): ReactNode {
  const t = desk.use();
  return persons.map((one) => (
    <abbr key={one} className={`fl ${one === "child" ? "c" : ""}`} title={t(`person.${one}`)}>
      {FLAGS[one]}
      <span className="sr"> {t(`person.${one}`)}</span>
    </abbr>
  ));
}

/** Who has an item, and in a ring who looks at it now. */
function Owner({ owner, isMine, taskId }: { owner: string | null; isMine: boolean; taskId: number }): ReactNode {
  const t = desk.use();
  const me = useSession().officer_id;
  const others = useLookers(taskId).filter((one) => one !== me && one !== owner);
  const isLooking = useLookers(taskId).some((one) => one === owner && one !== me);
  return (
    <>
      {owner !== null && (
        <>
          <span className={`av ${isMine ? "me" : ""} ${isLooking ? "look" : ""}`} aria-hidden="true">
            {initials(owner)}
          </span>
          {isMine ? t("you") : owner}
          {isLooking && <span className="sr"> {t("looks")}</span>}
        </>
      )}
      {others.length > 0 && (
        <span title={t("look_list", { officers: others.join(", ") })}>
          <span className="av look" aria-hidden="true">
            {initials(others[0] ?? "")}
          </span>
          <span className="mut">
            {owner === null && others[0]} {t("looks")}
          </span>
        </span>
      )}
      {owner === null && others.length === 0 && <span className="mut">{t("free")}</span>}
    </>
  );
}

/** The first letters of the parts of an id. */
function initials(officer: string): string {
  return officer
    .split(/[^\p{L}\p{N}]+/u)
    .map((part) => part[0] ?? "")
    .join("")
    .slice(-2)
    .toUpperCase();
}
