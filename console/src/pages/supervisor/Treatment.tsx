/** What victims answered of how they were treated: the share of yes to each question, and how many said yes or no. */

import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { useDistrictName } from "../../parts/names.ts";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import type { Group, Scope, TreatmentGroup } from "./asked.ts";
import { Files } from "./Files.tsx";
import { treatment } from "./reads.ts";
import { InTime } from "./StageTable.tsx";
import { supervisor } from "./text.ts";

type Figures = Schemas["TreatmentFigures"];

const QUESTIONS = ["respected", "knows_next"] as const;
const counted = new Intl.NumberFormat("en-IN");

/** The answers by district, or by team where the stages are by team. */
export function Treatment({ scope, by }: { scope: Scope; by: Group }): ReactNode {
  const t = supervisor.use();
  const group = by === "team" ? "team" : "district";
  return (
    <section className="panel" aria-labelledby="h-treatment">
      <header>
        <h2 id="h-treatment">{t("treatment_title")}</h2>
        <Files table={{ of: "treatment", scope, by: group }} name={t("treatment_title")} />
      </header>
      <p className="mut sm figures-rule">{t("treatment_rule")}</p>
      <div className="figures-scroll" role="region" aria-labelledby="h-treatment" tabIndex={0}>
        <Answers scope={scope} by={group} />
      </div>
    </section>
  );
}

function Answers({ scope, by }: { scope: Scope; by: TreatmentGroup }): ReactNode {
  const t = supervisor.use();
  const nameOf = useDistrictName();
  const found = useQuery(treatment(scope, by));
  if (found.error) return <ErrorState error={found.error} reset={() => void found.refetch()} />;
  if (found.data === undefined) return <LoadingState />;
  const { total, rows } = found.data;
  if (total.length === 0) return <EmptyState>{t("no_treatment")}</EmptyState>;
  const abouts = [...new Set(rows.map((one) => one.about ?? ""))];
  const shown = (about: string): string => (by === "district" ? nameOf(about) : about) || t("treatment_elsewhere");
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">{t(`by.${by}`)}</th>
          {QUESTIONS.map((question) => (
            <Fragment key={question}>
              <th scope="col" className="num">{t(`treatment.${question}`)}</th>
              <th scope="col" className="num">{t("treatment_count")}</th>
            </Fragment>
          ))}
        </tr>
      </thead>
      <tbody>
        <Row name={t("treatment_all")} figures={total} />
        {abouts.map((about) => (
          <Row key={about} name={shown(about)} figures={rows.filter((one) => (one.about ?? "") === about)} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ name, figures }: { name: string; figures: readonly Figures[] }): ReactNode {
  return (
    <tr>
      <th scope="row">{name}</th>
      {QUESTIONS.map((question) => (
        <Answer key={question} figures={figures.find((one) => one.question === question)} />
      ))}
    </tr>
  );
}

/** The share of yes with its limits, and of how many answers it is. Few answers could name a victim, so they are not shown. */
function Answer({ figures }: { figures: Figures | undefined }): ReactNode {
  const t = supervisor.use();
  if (figures === undefined) {
    return (
      <>
        <td className="num mut">–</td>
        <td className="num mut">0</td>
      </>
    );
  }
  if (!figures.is_shown) {
    return (
      <td className="num mut" colSpan={2}>
        {t("treatment_few")}
      </td>
    );
  }
  const judged = (figures.yes ?? 0) + (figures.no ?? 0);
  const unsure = figures.dont_know ?? 0;
  return (
    <>
      <td className="num">
        <InTime policy={{ ...figures, judged }} isBad={false} />
      </td>
      <td className="num">
        {counted.format(judged)}
        {unsure > 0 && <div className="xs mut">{t("treatment_unsure", { count: counted.format(unsure) })}</div>}
      </td>
    </>
  );
}
