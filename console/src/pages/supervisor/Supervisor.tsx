/** The supervisor's desk: today and the districts, how long each stage took, what is late now, banks, officers' load. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";

import "./supervisor.css";

import { useTopics } from "../../api/stream.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { useDownload } from "../../parts/FileButtons.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { useNow } from "../../text/clock.ts";
import { isoDay } from "../../text/moments.ts";
import { type Scope, scopeOf } from "./asked.ts";
import { BankPlot } from "./BankPlot.tsx";
import type { Behind, BehindSum } from "./behind.ts";
import { Cases, CaseTable } from "./Cases.tsx";
import { Choices } from "./Choices.tsx";
import { supervisorCommands } from "./commands.ts";
import { Files } from "./Files.tsx";
import { Load } from "./Load.tsx";
import { Overview } from "./Overview.tsx";
import { breaches, useAsked } from "./reads.ts";
import { StageTable } from "./StageTable.tsx";
import { SumCases } from "./SumCases.tsx";
import { fileOf, nameOf, type Table } from "./tables.ts";
import { supervisor } from "./text.ts";
import { Treatment } from "./Treatment.tsx";

export default function Supervisor(): ReactNode {
  const t = supervisor.use();
  const [asked, change] = useAsked();
  const [behind, setBehind] = useState<Behind | null>(null);
  const [sum, setSum] = useState<BehindSum | null>(null);
  const scope = useScope(asked);
  const stages: Table = { of: "stages", scope, by: asked.by };
  const download = useDownload(nameOf(stages), (how) => fileOf(stages, how));
  return (
    <main className="figures">
      <Choices asked={asked} change={change}>
        <CommandButton command={supervisorCommands.csv} run={() => download.act("csv")} isDisabled={download.isRunning} />
        <CommandButton command={supervisorCommands.xlsx} run={() => download.act("xlsx")} isDisabled={download.isRunning} />
      </Choices>
      <Overview district={asked.district} choose={(district) => change({ district })} show={setSum} />
      <section className="panel figures-main" aria-labelledby="h-stages">
        <header>
          <h1 id="h-stages">{t("stages_title")}</h1>
          <span className="mut sm">{t("stages_rule")}</span>
        </header>
        <details className="figures-how sm">
          <summary>{t("how_title")}</summary>
          <p>{t("how_strip")}</p>
          <p>{t("how_share")}</p>
        </details>
        <div className="figures-scroll" role="region" aria-labelledby="h-stages" tabIndex={0}>
          <StageTable asked={asked} scope={scope} change={change} show={setBehind} />
        </div>
      </section>
      <Banks scope={scope} show={setBehind} />
      <Breaches district={asked.district} />
      <Treatment scope={scope} by={asked.by} />
      <section className="panel" aria-labelledby="h-load">
        <header>
          <h2 id="h-load">{t("load_title")}</h2>
          <Files table={{ of: "load", scope }} name={t("load_title")} />
        </header>
        <div className="figures-scroll" role="region" aria-labelledby="h-load" tabIndex={0}>
          <Load scope={scope} />
        </div>
      </section>
      {sum !== null && <SumCases sum={sum} close={() => setSum(null)} />}
      {behind !== null && <Cases behind={behind} close={() => setBehind(null)} />}
    </main>
  );
}

/** The scope changes with the address, and at midnight. */
function useScope(asked: Parameters<typeof scopeOf>[0]): Scope {
  const today = isoDay(useNow());
  const { days, first, last, district } = asked;
  return useMemo(
    () => scopeOf({ days, first, last, district, by: "district", open: null }, Date.parse(today)),
    [days, first, last, district, today],
  );
}

function Banks({ scope, show }: { scope: Scope; show: (behind: Behind) => void }): ReactNode {
  const t = supervisor.use();
  return (
    <section className="panel" aria-labelledby="h-banks">
      <header>
        <h2 id="h-banks">{t("banks_title")}</h2>
        <Files table={{ of: "stages", scope, by: "bank" }} name={t("banks_title")} />
      </header>
      <div className="figures-body">
        <p className="mut sm">{t("banks_rule")}</p>
        <BankPlot scope={scope} show={show} />
      </div>
    </section>
  );
}

/** What waits now and is past its target, the longest first. The stream says when there is another one. */
function Breaches({ district }: { district: string | null }): ReactNode {
  const t = supervisor.use();
  const client = useQueryClient();
  const found = useQuery(breaches(district));
  useTopics(["breaches"], () => void client.invalidateQueries({ queryKey: ["figures", "breaches"] }));
  return (
    <section className="panel" aria-labelledby="h-breaches">
      <header>
        <h2 id="h-breaches">{t("breaches_title")}</h2>
        {found.data && <span className="chip bad">{found.data.next === null ? found.data.items.length : t("first", { count: found.data.items.length })}</span>}
        <Files table={{ of: "breaches", district }} name={t("breaches_title")} />
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
