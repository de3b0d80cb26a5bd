/** The files of the day: a line each, with how ready it is and how far its order has come. */

import { useInfiniteQuery, type UseInfiniteQueryResult } from "@tanstack/react-query";
import { type Dispatch, type ReactNode, type SetStateAction, useState } from "react";

import { api } from "../../api/client.ts";
import { ok, problemOf } from "../../api/problem.ts";
import { useStream } from "../../api/stream.ts";
import { useSession } from "../../app/session.ts";
import { useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { Rupees } from "../../parts/money.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { type Asked, CASES_MAX, casesOf, type Line } from "./asked.ts";
import { courtdayCommands } from "./commands.ts";
import { FileRow } from "./FileRow.tsx";
import { type Item, type Outcome, OneByOne } from "./OneByOne.tsx";
import { files } from "./reads.ts";
import { RecordHearing } from "./RecordHearing.tsx";
import { RecordOrder } from "./RecordOrder.tsx";
import { courtday } from "./text.ts";

export function Files({ asked }: { asked: Asked }): ReactNode {
  const t = courtday.use();
  const read = useInfiniteQuery(files(asked));
  const lines = read.data?.pages.flatMap((page) => page.items) ?? [];
  // The list is read again after an act, and may be empty then; its result stays.
  const [doing, setDoing] = useState<Doing | null>(null);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const end = (isDone: boolean): void => {
    setDoing(null);
    if (isDone) setTicked(new Set());
  };
  return (
    <>
      <List read={read} lines={lines} ticked={ticked} setTicked={setTicked} start={setDoing} />
      {doing?.what === "record" && <RecordOrder asked={asked} lines={doing.lines} close={end} />}
      {doing?.what === "hearing" && <RecordHearing asked={asked} lines={doing.lines} close={end} />}
      {doing?.what === "go_on" && (
        <OneByOne
          title={courtdayCommands.go_on.label()}
          says={t("says.go_on")}
          items={doing.lines.map(itemOf)}
          send={(item) => takeOrder(doing.lines.find((one) => one.restoration_id === item.key))}
          close={() => end(true)}
        />
      )}
    </>
  );
}

interface Doing {
  readonly what: "record" | "hearing" | "go_on";
  readonly lines: readonly Line[];
}

interface Listed {
  readonly lines: readonly Line[];
  readonly ticked: ReadonlySet<string>;
  readonly setTicked: Dispatch<SetStateAction<ReadonlySet<string>>>;
  readonly start: (doing: Doing) => void;
}

function List({
  read,
  ...listed
}: Listed & { read: UseInfiniteQueryResult<unknown> }): ReactNode {
  const t = courtday.use();
  const { lines } = listed;
  if (read.error !== null && lines.length === 0) return <ErrorState error={read.error} reset={() => void read.refetch()} />;
  if (read.isPending) return <LoadingState />;
  if (lines.length === 0) return <EmptyState>{t("empty")}</EmptyState>;
  return (
    <Table {...listed}>
      {read.hasNextPage && (
        <button type="button" className="btn" disabled={read.isFetching} onClick={() => void read.fetchNextPage()}>
          {t("more")}
        </button>
      )}
    </Table>
  );
}

function Table({ lines, ticked, setTicked, start, children }: Listed & { children: ReactNode }): ReactNode {
  const t = courtday.use();
  const { actions } = useSession();
  const isOld = useStream().state === "broken";
  const [current, setCurrent] = useState(0);
  const chosen = lines.filter((one) => ticked.has(one.restoration_id));
  const isOpen = (one: Line): boolean => one.standing === "waits" || one.standing === "in_force";
  const toRecord = chosen.filter((one) => one.standing === "waits");
  const toGoOn = chosen.filter((one) => one.standing === "in_force");
  const tick = (one: Line | undefined): void => {
    if (one === undefined || !isOpen(one)) return;
    setTicked((before) => {
      const after = new Set(before);
      if (!after.delete(one.restoration_id)) after.add(one.restoration_id);
      return after;
    });
  };
  const tickReady = (): void =>
    setTicked(new Set(lines.filter((one) => one.is_ready && one.standing === "waits").map((one) => one.restoration_id)));
  const clear = (): void => setTicked(new Set());
  useCommand(courtdayCommands.down, () => setCurrent((at) => Math.min(lines.length - 1, at + 1)));
  useCommand(courtdayCommands.up, () => setCurrent((at) => Math.max(0, at - 1)));
  useCommand(courtdayCommands.tick, () => tick(lines[current]));
  const mayRecord = actions.includes("take_court_order");
  const mayRecordHearing = actions.includes("record_court_hearing");
  const mayGoOn = actions.includes("take_order");
  const tooMany = casesOf(toRecord).length > CASES_MAX;
  return (
    <section className="panel" aria-labelledby="h-files">
      <header>
        <h2 id="h-files">{t.count("files", lines.length)}</h2>
        <Rupees paise={lines.reduce((sum, one) => sum + one.held_paise, 0)} />
      </header>
      <div className="courtday-scroll" role="region" aria-labelledby="h-files" tabIndex={0}>
        <table className="grid courtday-files">
          <thead>
            <tr>
              <th scope="col" className="no-print">
                <span className="sr">{t("tick")}</span>
              </th>
              <th scope="col">{t("number")}</th>
              <th scope="col" className="num">
                {t("sum")}
              </th>
              <th scope="col">{t("accounts")}</th>
              <th scope="col">{t("district")}</th>
              <th scope="col">{t("ready")}</th>
              <th scope="col">{t("due")}</th>
              <th scope="col">{t("hearing")}</th>
              <th scope="col">{t("order")}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((one, index) => (
              <FileRow
                key={one.restoration_id}
                line={one}
                isCurrent={index === current}
                isTicked={ticked.has(one.restoration_id)}
                mayTick={isOpen(one)}
                tick={() => tick(one)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div className="courtday-foot row wrap" role="toolbar" aria-label={t("for_ticked")}>
        <b role="status">{t.count("ticked", chosen.length)}</b>
        <CommandButton command={courtdayCommands.tick_ready} run={tickReady} />
        {chosen.length > 0 && <CommandButton command={courtdayCommands.clear} run={clear} className="btn link" />}
        {mayRecord && (
          <CommandButton
            command={courtdayCommands.record}
            className="btn first"
            isDisabled={isOld || toRecord.length === 0 || tooMany}
            run={() => start({ what: "record", lines: toRecord })}
          />
        )}
        {mayRecordHearing && (
          <CommandButton
            command={courtdayCommands.hearing}
            isDisabled={isOld || chosen.length === 0}
            run={() => start({ what: "hearing", lines: chosen })}
          />
        )}
        {mayGoOn && toGoOn.length > 0 && (
          <CommandButton command={courtdayCommands.go_on} isDisabled={isOld} run={() => start({ what: "go_on", lines: toGoOn })} />
        )}
        {tooMany && <span className="warn b">{t("too_many", { most: CASES_MAX })}</span>}
        {isOld && <span className="warn b">{t("old")}</span>}
        {children}
      </div>
    </section>
  );
}

function itemOf(line: Line): Item {
  return { key: line.restoration_id, name: line.ack_no, paise: line.held_paise };
}

/** Let one restoration go on by its order. Its act names the step and the visit that the page shows. */
async function takeOrder(line: Line | undefined): Promise<Outcome> {
  if (!line?.order) return { isDone: false, text: "" };
  try {
    const done = await ok(
      api.POST("/api/v1/restorations/{restoration_id}/take-order", {
        params: { path: { restoration_id: line.restoration_id } },
        body: { step: line.step, visit_no: line.visit_no, court_order_id: line.order.court_order_id },
      }),
    );
    return { isDone: true, text: done.step };
  } catch (error) {
    return { isDone: false, ...problemOf(error).said() };
  }
}
