/** Banks by their share answered in time against their requests, with the limits of chance; and the ones outside. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import type { Scope } from "./asked.ts";
import { BankTable } from "./BankTable.tsx";
import type { Behind } from "./behind.ts";
import { limitsAt, standingOf, Z_95, Z_998 } from "./limits.ts";
import { stages } from "./reads.ts";
import { percent } from "./StageTable.tsx";
import { supervisor } from "./text.ts";

type Figures = Schemas["StageFigures"];

const STAGE = "delivered_to_answered";
const WIDTH = 436;
const HEIGHT = 260;
const LEFT = 44;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 36;
const STEP = 1.1;
const counted = new Intl.NumberFormat("en-IN");

export function BankPlot({ scope, show }: { scope: Scope; show: (behind: Behind) => void }): ReactNode {
  const t = supervisor.use();
  const found = useQuery(stages(scope, "bank"));
  if (found.error) return <ErrorState error={found.error} reset={() => void found.refetch()} />;
  if (found.data === undefined) return <LoadingState />;
  const banks = found.data.rows.filter((one) => one.stage === STAGE && (one.policy.judged ?? 0) > 0 && one.about);
  const judged = banks.reduce((sum, one) => sum + (one.policy.judged ?? 0), 0);
  if (judged === 0) return <EmptyState>{t("no_answers")}</EmptyState>;
  const all = banks.reduce((sum, one) => sum + (one.policy.within ?? 0), 0) / judged;
  const below = banks.filter((one) => standingOf(one.policy.share ?? 0, one.policy.judged ?? 1, all) === "below");
  return (
    <>
      <Plot banks={banks} all={all} below={below.length} />
      <BankTable banks={banks} all={all} show={(about, name, only) => show({ stage: STAGE, only, by: "bank", about, name, scope })} />
    </>
  );
}

function Plot({ banks, all, below }: { banks: readonly Figures[]; all: number; below: number }): ReactNode {
  const t = supervisor.use();
  const counts = banks.map((one) => one.policy.judged ?? 1);
  const least = Math.max(1, Math.min(...counts) / 1.5);
  const most = Math.max(least * 4, Math.max(...counts) * 1.5);
  const x = (count: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(count / least)) / Math.log(most / least);
  const y = (share: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share);
  const limit = (z: number, side: "low" | "high"): string => {
    const points: string[] = [];
    for (let count = least; count <= most; count *= STEP) {
      points.push(`${x(count).toFixed(1)},${y(limitsAt(all, count, z)[side]).toFixed(1)}`);
    }
    return points.join(" ");
  };
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="plot" role="img" aria-label={t("plot_said", { count: banks.length, below, all: percent(all) })}>
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <g key={share}>
          <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(share)} y2={y(share)} className="strip-mark" />
          <text x={LEFT - 6} y={y(share) + 4} textAnchor="end">
            {percent(share)}
          </text>
        </g>
      ))}
      <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(all)} y2={y(all)} className="plot-all" />
      {(["low", "high"] as const).map((side) => (
        <g key={side}>
          <polyline points={limit(Z_95, side)} className="plot-limit" />
          <polyline points={limit(Z_998, side)} className="plot-limit far" />
        </g>
      ))}
      {banks.map((one) => {
        const standing = standingOf(one.policy.share ?? 0, one.policy.judged ?? 1, all);
        const [left, top] = [x(one.policy.judged ?? 1), y(one.policy.share ?? 0)];
        return (
          <g key={one.about} className={`plot-bank ${standing}`}>
            <title>{`${one.name || one.about}: ${percent(one.policy.share)} (${counted.format(one.policy.judged ?? 0)})`}</title>
            {standing === "above" ? (
              <path d={`M${left} ${top - 6}l6 11h-12z`} />
            ) : (
              <circle cx={left} cy={top} r={standing === "below" ? 5.5 : 4} />
            )}
          </g>
        );
      })}
      <text x={WIDTH - RIGHT} y={HEIGHT - 8} textAnchor="end">
        {t("plot_requests", { least: counted.format(Math.ceil(least)), most: counted.format(Math.floor(most)) })}
      </text>
    </svg>
  );
}
