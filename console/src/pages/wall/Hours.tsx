import { memo, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { glanceText } from "../../text/spans.ts";
import { PanelTitle } from "./Heading.tsx";
import { wall } from "./text.ts";

type Hour = Schemas["WallHour"];
type Line = "p50_seconds" | "p95_seconds" | "p99_seconds";

/** The recent figures are read once a minute. */
const OLD_MS = 300_000;
const WIDTH = 600;
const HEIGHT = 274;
const LEFT = 84;
const RIGHT = 150;
const TOP = 16;
const BOTTOM = 34;
const LINES: readonly (readonly [Line, "half" | "95" | "99"])[] = [
  ["p99_seconds", "99"],
  ["p95_seconds", "95"],
  ["p50_seconds", "half"],
];
/** Marks of the scale in seconds; the ones that fit are drawn. */
const MARKS = [1, 5, 15, 60, 120, 300, 1200, 3600, 4 * 3600, 24 * 3600];
const LABEL_HEIGHT = 24;

const two = (hour: number): string => String(hour).padStart(2, "0");

/** Time from complaint to first hold in each hour of today, on a scale of ratios, with the target. */
export const Hours = memo(function Hours({ recent }: { recent: Schemas["WallRecent"] | null }): ReactNode {
  const t = wall.use();
  const target = recent?.first_hold_seconds ?? null;
  const hours = [...(recent?.hours ?? [])].filter((one) => (one.first_hold.count ?? 0) > 0).sort((a, b) => a.hour - b.hour);
  const rule = target === null ? "" : t("hours_target", { target: glanceText(target, t.language) });
  return (
    <section className="wall-hours" aria-labelledby="wall-hours">
      <PanelTitle id="wall-hours" title={t("hours")} rule={rule} asOf={recent?.as_of ?? null} limitMs={OLD_MS} />
      {recent !== null && hours.length === 0 && <p className="wall-nothing">{t("hours_none")}</p>}
      {hours.length > 0 && <Chart hours={hours} target={target} />}
    </section>
  );
});

function Chart({ hours, target }: { hours: readonly Hour[]; target: number | null }): ReactNode {
  const t = wall.use();
  const glance = (seconds: number | null | undefined): string =>
    seconds == null ? "–" : glanceText(seconds, t.language);
  const values = hours.flatMap((one) => LINES.map(([line]) => one.first_hold[line])).filter((one) => one != null);
  const least = Math.max(0.5, Math.min(...values, target ?? Infinity) / 1.4);
  const most = Math.max(least * 4, Math.max(...values, target ?? 0) * 1.4);
  const last = hours.at(-1);
  const span = Math.max(1, last?.hour ?? 1);
  const x = (hour: number): number => LEFT + (hour * (WIDTH - LEFT - RIGHT)) / span;
  const y = (seconds: number): number =>
    TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.log(Math.max(seconds, least) / least) / Math.log(most / least));
  const isOver = (one: Hour): boolean => target !== null && (one.first_hold.p95_seconds ?? 0) > target;
  const over = hours.filter(isOver).map((one) => two(one.hour));
  const marks = MARKS.filter((mark) => mark > least && mark < most && (target === null || Math.abs(y(mark) - y(target)) > LABEL_HEIGHT));
  const labels = spread(LINES.map(([line, name]) => ({ name: t(`hours.${name}`), text: glance(last?.first_hold[line]), at: y(last?.first_hold[line] ?? least) })));
  const said = t("hours_said", {
    hour: two(last?.hour ?? 0),
    p50: glance(last?.first_hold.p50_seconds),
    p95: glance(last?.first_hold.p95_seconds),
    p99: glance(last?.first_hold.p99_seconds),
    target: glance(target),
    over: over.join(", ") || t("none"),
  });
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}>
      {marks.map((mark) => (
        <g key={mark}>
          <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(mark)} y2={y(mark)} className="wall-grid" />
          <text x={LEFT - 8} y={y(mark) + 7} textAnchor="end">
            {glanceText(mark, t.language)}
          </text>
        </g>
      ))}
      {target !== null && <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(target)} y2={y(target)} className="wall-target" />}
      {LINES.map(([line, name]) => (
        <polyline key={line} points={points(hours, line, x, y)} className={`wall-line wall-${name}`} />
      ))}
      {hours.map((one) =>
        one.first_hold.p95_seconds == null ? null : (
          <circle
            key={one.hour}
            cx={x(one.hour)}
            cy={y(one.first_hold.p95_seconds)}
            r={isOver(one) ? 9 : 5}
            className={[isOver(one) ? "wall-dot-over" : "wall-dot", one === last && "wall-dot-open"].filter(Boolean).join(" ")}
          />
        ),
      )}
      {labels.map((one) => (
        <text key={one.name} x={WIDTH - RIGHT + 14} y={one.at + 8}>
          {one.name} <tspan className="wall-value">{one.text}</tspan>
        </text>
      ))}
      {ticks(span).map((hour) => (
        <text key={hour} x={x(hour)} y={HEIGHT - 6} textAnchor="middle">
          {hour === last?.hour ? `${two(hour)} ${t("now")}` : two(hour)}
        </text>
      ))}
    </svg>
  );
}

/** The points of a line; an hour without the value is left out. */
function points(hours: readonly Hour[], line: Line, x: (hour: number) => number, y: (at: number) => number): string {
  return hours
    .flatMap((one) => {
      const value = one.first_hold[line];
      return value == null ? [] : [`${x(one.hour).toFixed(1)},${y(value).toFixed(1)}`];
    })
    .join(" ");
}

/** Move labels apart that would lie on each other, from the top down. */
function spread<Label extends { readonly at: number }>(labels: readonly Label[]): Label[] {
  let free = TOP;
  return labels.map((one) => {
    const at = Math.max(one.at, free);
    free = at + LABEL_HEIGHT;
    return { ...one, at };
  });
}

/** The hours that are written below: each third one, and the last. */
function ticks(last: number): number[] {
  const thirds = Array.from({ length: Math.ceil(last / 3) }, (_, place) => place * 3).filter((hour) => last - hour >= 3);
  return [...thirds, last];
}
