/** Appeals of account holders: those that wait for this officer by their deadline, and the file of the chosen one. */

import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";

import "./appeals.css";

import { useSession } from "../../app/session.ts";
import { useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { type Asked, type Level, LEVELS, LISTS } from "./asked.ts";
import { appealCommands } from "./commands.ts";
import { FileAppeal } from "./FileAppeal.tsx";
import { GrievanceFile } from "./GrievanceFile.tsx";
import { Officers } from "./Officers.tsx";
import { ALL, useAsked, useLiveLists } from "./reads.ts";
import { SmallHoldFile } from "./SmallHoldFile.tsx";
import { appeals } from "./text.ts";
import { useWaiting, type Waiting, WaitingList } from "./WaitingList.tsx";

export default function Appeals(): ReactNode {
  const t = appeals.use();
  const { actions } = useSession();
  const [asked, change] = useAsked();
  const [dialog, setDialog] = useState<"file" | "officers" | null>(null);
  const waiting = useWaiting(asked);
  useLiveLists();
  // What is open stays open, also when it leaves the list: an act would else be followed by another file.
  const first = asked.at === null ? waiting.ids[0] : undefined;
  useEffect(() => {
    if (first !== undefined) change({ at: first });
  });
  useCommand(appealCommands.mine, () => change({ list: "mine", at: null }));
  useCommand(appealCommands.all, () => change({ list: "all", at: null }));
  useCommand(appealCommands.small, () => change({ list: "small", at: null }));
  return (
    <main className="appeals">
      <section className="panel appeals-list" aria-labelledby="h-waiting">
        <header>
          <h1 id="h-waiting">{t(`list.${asked.list}`)}</h1>
        </header>
        <Choices asked={asked} change={change} />
        <WaitingList waiting={waiting} asked={asked} open={(at) => change({ at })} />
        <div className="appeals-more row wrap">
          {actions.includes("file_grievance") && (
            <CommandButton command={appealCommands.file} run={() => setDialog("file")} />
          )}
          {actions.includes("read_grievance") && (
            <CommandButton command={appealCommands.officers} run={() => setDialog("officers")} />
          )}
        </div>
      </section>
      <OpenFile asked={asked} waiting={waiting} />
      {dialog === "file" && (
        <FileAppeal
          close={() => setDialog(null)}
          filed={(at) => {
            setDialog(null);
            change({ list: "all", level: null, late: false, at });
          }}
        />
      )}
      {dialog === "officers" && <Officers close={() => setDialog(null)} />}
    </main>
  );
}

function Choices({ asked, change }: { asked: Asked; change: (changes: Partial<Asked>) => void }): ReactNode {
  const t = appeals.use();
  return (
    <div className="appeals-choices">
      <span className="seg" role="group" aria-label={t("lists")}>
        {LISTS.map((list) => (
          <button
            key={list}
            type="button"
            className="seg-part"
            aria-pressed={list === asked.list}
            data-selected={list === asked.list || undefined}
            onClick={() => change({ list, at: null })}
          >
            {t(`short.${list}`)}
          </button>
        ))}
      </span>
      {asked.list !== "small" && (
        <span className="row">
          <select
            className="in"
            aria-label={t("level")}
            value={asked.level ?? ""}
            onChange={(event) => change({ level: (event.target.value || null) as Level | null, at: null })}
          >
            <option value="">{t("every_level")}</option>
            {LEVELS.map((level) => (
              <option key={level} value={level}>
                {t(`level.${level}`)}
              </option>
            ))}
          </select>
          <label className="row nw">
            <input type="checkbox" checked={asked.late} onChange={() => change({ late: !asked.late, at: null })} />
            {t("only_late")}
          </label>
        </span>
      )}
    </div>
  );
}

/** The open file. */
function OpenFile({ asked, waiting }: { asked: Asked; waiting: Waiting }): ReactNode {
  const t = appeals.use();
  const client = useQueryClient();
  const at = waiting.at;
  if (waiting.error !== null && at === null) {
    return (
      <section className="panel">
        <ErrorState error={waiting.error} reset={() => void client.invalidateQueries({ queryKey: ALL })} />
      </section>
    );
  }
  if (at === null) {
    return (
      <section className="panel">
        {waiting.isPending ? <LoadingState /> : <EmptyState>{t(`empty.${asked.list}`)}</EmptyState>}
      </section>
    );
  }
  // Another file begins without what was open or typed in the last one.
  return asked.list === "small" ? <SmallHoldFile key={at} holdId={at} /> : <GrievanceFile key={at} grievanceId={at} />;
}
