/** How long each stage took: the total, the rows of a stage that is opened, and the cases behind every number. */

import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { useDistrictName } from "../../parts/names.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { glanceText } from "../../text/spans.ts";
import type { Asked, Scope, Stage, Which } from "./asked.ts";
import type { Behind } from "./behind.ts";
import { stages } from "./reads.ts";
import { Strip } from "./Strip.tsx";
import { supervisor } from "./text.ts";

type Figures = Schemas["StageFigures"];

/** Below this share in time, a stage whose p95 misses its target is red. */
const RED_BELOW = 0.9;
const COLUMNS = 9;
const counted = new Intl.NumberFormat("en-IN");

export const percent = (share: number | null | undefined): string =>
  share == null ? "–" : `${Math.round(share * 100)}%`;

export function StageTable({
  asked,
  scope,
  change,
  show,
}: {
  asked: Asked;
  scope: Scope;
  change: (changes: Partial<Asked>) => void;
  show: (behind: Behind) => void;
}): ReactNode {
  const t = supervisor.use();
  const total = useQuery({ ...stages(scope, null), placeholderData: (before) => before });
  const rows = useQuery({ ...stages(scope, asked.by), enabled: asked.open !== null });
  if (total.error) return <ErrorState error={total.error} reset={() => void total.refetch()} />;
  if (total.data === undefined) return <LoadingState />;
  const targets = new Map(total.data.targets.map((one) => [one.stage, one.policy_seconds]));
  return (
    <table className="grid stages" data-old={total.isPlaceholderData || undefined}>
      <thead>
        <tr>
          <th scope="col">{t("stage")}</th>
          <th scope="col" className="num">{t("count")}</th>
          <th scope="col">{t("scale")}</th>
          <th scope="col" className="num">{t("half")}</th>
          <th scope="col" className="num">{t("of_100", { count: 95 })}</th>
          <th scope="col" className="num">{t("of_100", { count: 99 })}</th>
          <th scope="col" className="num">{t("target")}</th>
          <th scope="col" className="num">{t("in_time")}</th>
          <th scope="col" className="num">{t("late_now")}</th>
        </tr>
      </thead>
      <tbody>
        {total.data.total.map((one) => {
          const isOpen = one.stage === asked.open;
          const target = targets.get(one.stage) ?? null;
          return (
            <Fragment key={one.stage}>
              <Row
                figures={one}
                target={target}
                show={(only) => show({ stage: one.stage, only, by: null, about: "", name: "", scope })}
                name={
                  <button
                    type="button"
                    className="btn link"
                    aria-expanded={isOpen}
                    onClick={() => change({ open: isOpen ? null : one.stage })}
                  >
                    <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {t(`stage.${one.stage}`)}
                  </button>
                }
              />
              {isOpen && (
                <Opened
                  rows={rows.data?.rows}
                  error={rows.error}
                  again={() => void rows.refetch()}
                  stage={one.stage}
                  target={target}
                  by={asked.by}
                  show={(about, name, only) => show({ stage: one.stage, only, by: asked.by, about, name, scope })}
                />
              )}
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}

/** The rows of one stage, those with the most cases first: the order says nothing of their results. */
function Opened({
  rows,
  error,
  again,
  stage,
  target,
  by,
  show,
}: {
  rows: readonly Figures[] | undefined;
  error: unknown;
  again: () => void;
  stage: Stage;
  target: number | null;
  by: Asked["by"];
  show: (about: string, name: string, only: Which) => void;
}): ReactNode {
  const t = supervisor.use();
  const districtOf = useDistrictName();
  const own = (rows ?? []).filter((one) => one.stage === stage).sort((one, other) => other.began - one.began);
  if (own.length === 0) {
    return (
      <tr className="inner">
        <td colSpan={COLUMNS}>
          {error ? <ErrorState error={error} reset={again} /> : rows === undefined ? <LoadingState /> : t("no_rows")}
        </td>
      </tr>
    );
  }
  return own.map((one) => {
    const name = by === "district" && one.about ? districtOf(one.about) : one.name || one.about || t("without");
    return (
      <Row
        key={one.about}
        figures={one}
        target={by === "bank" ? null : target}
        isInner
        name={name}
        show={(only) => show(one.about ?? "", name, only)}
      />
    );
  });
}

function Row({
  figures,
  target,
  name,
  isInner = false,
  show,
}: {
  figures: Figures;
  target: number | null;
  name: ReactNode;
  isInner?: boolean;
  show: (only: Which) => void;
}): ReactNode {
  const t = supervisor.use();
  const { seconds, policy } = figures;
  const isLate = (policy.share ?? 1) < RED_BELOW && !policy.is_small;
  const glance = (one: number | null | undefined): string => (one == null ? "–" : glanceText(one, t.language));
  return (
    <tr className={isInner ? "inner" : undefined}>
      <th scope="row">{name}</th>
      <td className="num">
        <Number count={figures.began} only="all" show={show} />
      </td>
      <td>
        <Strip seconds={seconds} target={target} isLate={isLate} />
      </td>
      <td className="num" title={t("half_said", { span: glance(seconds.p50_seconds) })}>{glance(seconds.p50_seconds)}</td>
      <td className="num" title={t("of_100_said", { count: 95, span: glance(seconds.p95_seconds) })}>{glance(seconds.p95_seconds)}</td>
      <td className="num" title={t("of_100_said", { count: 99, span: glance(seconds.p99_seconds) })}>{glance(seconds.p99_seconds)}</td>
      <td className="num mut">{target === null ? t("no_target") : glance(target)}</td>
      <td className="num">
        <InTime policy={policy} isBad={isLate} />
      </td>
      <td className="num">
        <Number count={policy.late_now ?? 0} only="late" show={show} isBad />
      </td>
    </tr>
  );
}

type Share = Pick<Figures["policy"], "share" | "low" | "high" | "judged">;

/** A share in time, and between which shares it lies with certainty: a share of few cases says little. */
export function InTime({ policy, isBad }: { policy: Share; isBad: boolean }): ReactNode {
  const t = supervisor.use();
  const { share, low, high, judged } = policy;
  if (low == null || high == null) return percent(share);
  const between = { low: percent(low), high: percent(high) };
  return (
    <span className="in-time" title={t("between_said", { ...between, count: judged ?? 0 })}>
      <span className={isBad ? "bad b" : undefined}>{percent(share)}</span>{" "}
      <span className="xs mut">{t("between", between)}</span>
    </span>
  );
}

/** A number that opens the cases behind it. */
function Number({
  count,
  only,
  show,
  isBad = false,
}: {
  count: number;
  only: Which;
  show: (only: Which) => void;
  isBad?: boolean;
}): ReactNode {
  const t = supervisor.use();
  if (count === 0) return <span className="mut">0</span>;
  return (
    <button
      type="button"
      className={isBad ? "btn link bad b" : "btn link"}
      aria-label={t(`open_${only as "all" | "late"}`, { count: counted.format(count) })}
      onClick={() => show(only)}
    >
      {counted.format(count)}
    </button>
  );
}
