/** The supervisor's desk: how long each stage took in a period, what is late now, banks, and the officers' load. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import "./supervisor.css";

import type { Format } from "../../api/files.ts";
import { useTopics } from "../../api/stream.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { useNow } from "../../text/clock.ts";
import { BankPlot } from "./BankPlot.tsx";
import { type Asked, firstDay, GROUPS, PERIODS } from "./asked.ts";
import { type Behind, Cases, CaseTable } from "./Cases.tsx";
import { supervisorCommands } from "./commands.ts";
import { Load } from "./Load.tsx";
import { breaches, useAsked } from "./reads.ts";
import { StageTable } from "./StageTable.tsx";
import { useDownload } from "./tables.ts";
import { supervisor } from "./text.ts";

export default function Supervisor(): ReactNode {
  const t = supervisor.use();
  const [asked, change] = useAsked();
  const [behind, setBehind] = useState<Behind | null>(null);
  const from = firstDay(asked.days, useNow());
  const download = useDownload();
  const stagesAs = (format: Format) => (): void => download.act({ table: { of: "stages", from, by: asked.by }, format });
  const loadAs = (format: Format) => (): void => download.act({ table: { of: "load", from }, format });
  return (
    <main className="figures">
      <Choices asked={asked} change={change}>
        <CommandButton command={supervisorCommands.csv} run={stagesAs("csv")} isDisabled={download.isRunning} />
        <CommandButton command={supervisorCommands.xlsx} run={stagesAs("xlsx")} isDisabled={download.isRunning} />
      </Choices>
      <section className="panel figures-main" aria-labelledby="h-stages">
        <header>
          <h1 id="h-stages">{t("stages_title")}</h1>
          <span className="mut sm">{t("stages_rule")}</span>
        </header>
        <div className="figures-scroll" role="region" aria-labelledby="h-stages" tabIndex={0}>
          <StageTable asked={asked} from={from} change={change} show={setBehind} />
        </div>
      </section>
      <section className="panel" aria-labelledby="h-banks">
        <header>
          <h2 id="h-banks">{t("banks_title")}</h2>
        </header>
        <div className="figures-body">
          <p className="mut sm">{t("banks_rule")}</p>
          <BankPlot from={from} show={setBehind} />
        </div>
      </section>
      <Breaches />
      <section className="panel" aria-labelledby="h-load">
        <header>
          <h2 id="h-load">{t("load_title")}</h2>
          <span className="push row">
            <button type="button" className="btn" onClick={loadAs("csv")} aria-label={t("load_csv")}>
              CSV
            </button>
            <button type="button" className="btn" onClick={loadAs("xlsx")} aria-label={t("load_xlsx")}>
              XLSX
            </button>
          </span>
        </header>
        <div className="figures-scroll" role="region" aria-labelledby="h-load" tabIndex={0}>
          <Load from={from} />
        </div>
      </section>
      {behind !== null && <Cases behind={behind} close={() => setBehind(null)} />}
    </main>
  );
}

function Choices({
  asked,
  change,
  children,
}: {
  asked: Asked;
  change: (changes: Partial<Asked>) => void;
  children: ReactNode;
}): ReactNode {
  const t = supervisor.use();
  return (
    <div className="figures-choices" role="toolbar" aria-label={t("choices")}>
      <span role="group" aria-label={t("period")} className="row">
        {PERIODS.map((days) => (
          <button key={days} type="button" className="btn" aria-pressed={asked.days === days} onClick={() => change({ days })}>
            {t.count("days", days)}
          </button>
        ))}
      </span>
      <span role="group" aria-label={t("by")} className="row wrap">
        {GROUPS.map((by) => (
          <button key={by} type="button" className="btn" aria-pressed={asked.by === by} onClick={() => change({ by })}>
            {t(`by.${by}`)}
          </button>
        ))}
      </span>
      <span className="push row wrap">
        <Link to="/wall" className="btn">
          {t("wall")}
        </Link>
        {children}
      </span>
    </div>
  );
}

/** What waits now and is past its target, the longest first. The stream says when there is another one. */
function Breaches(): ReactNode {
  const t = supervisor.use();
  const client = useQueryClient();
  const found = useQuery(breaches);
  useTopics(["breaches"], () => void client.invalidateQueries({ queryKey: breaches.queryKey }));
  return (
    <section className="panel" aria-labelledby="h-breaches">
      <header>
        <h2 id="h-breaches">{t("breaches_title")}</h2>
        {found.data && <span className="chip bad">{found.data.next === null ? found.data.items.length : t("first", { count: found.data.items.length })}</span>}
      </header>
      <div className="figures-scroll" role="region" aria-labelledby="h-breaches" tabIndex={0}>
        {found.error !== null && <ErrorState error={found.error} reset={() => void found.refetch()} />}
        {found.isPending && <LoadingState />}
        {found.data?.items.length === 0 && <EmptyState>{t("no_breaches")}</EmptyState>}
        {found.data !== undefined && found.data.items.length > 0 && <CaseTable cases={found.data.items} hasStage />}
      </div>
    </section>
  );
}
