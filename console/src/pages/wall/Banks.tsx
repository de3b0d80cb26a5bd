import { memo, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { rupees, shortRupees } from "../../text/rupees.ts";
import { PanelTitle } from "./Heading.tsx";
import { wall } from "./text.ts";

type Bank = Schemas["WallBank"];

/** The recent figures are read once a minute. */
const OLD_MS = 300_000;
const SHOWN_MAX = 4;
const WIDTH = 230;
const HEIGHT = 50;
const LINE_AT = 38;

const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? "–" : `${Math.round(share * 100)}%`;

/** Banks that are slow with certainty, those with the most money waiting first. There is no rank. */
export const Banks = memo(function Banks({ recent }: { recent: Schemas["WallRecent"] | null }): ReactNode {
  const t = wall.use();
  const slow = (recent?.banks ?? []).filter((one) => one.is_slow);
  const more = slow.length - SHOWN_MAX;
  return (
    <section className="wall-banks" aria-labelledby="wall-banks">
      <PanelTitle id="wall-banks" title={t("banks")} rule={t("banks_rule")} asOf={recent?.as_of ?? null} limitMs={OLD_MS} />
      {recent !== null && slow.length === 0 ? (
        <p className="wall-nothing">{t("banks_none")}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{t("bank")}</th>
              <th scope="col">{t("in_time")}</th>
              <th scope="col" className="num">
                {t("waiting")}
              </th>
            </tr>
          </thead>
          <tbody>
            {slow.slice(0, SHOWN_MAX).map((one) => (
              <tr key={one.institution}>
                <th scope="row" title={one.name || one.institution}>
                  {one.name || one.institution}
                </th>
                <td>
                  <Interval bank={one} />
                </td>
                <td className="num b" title={rupees(one.waiting_paise)}>
                  {shortRupees(one.waiting_paise, t.language)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && <p className="wall-more">{t.count("bank_more", more)}</p>}
    </section>
  );
});

/** The share in time with its interval, on a line from 0 to 100 % with the half marked. */
function Interval({ bank }: { bank: Bank }): ReactNode {
  const t = wall.use();
  const { share, low, high, judged } = bank.in_time;
  const x = (value: number): number => 8 + value * (WIDTH - 16);
  const said = t("share_said", { share: percent(share), count: judged ?? 0, low: percent(low), high: percent(high) });
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}>
      <line x1={x(0)} x2={x(1)} y1={LINE_AT} y2={LINE_AT} className="wall-axis" />
      <line x1={x(0.5)} x2={x(0.5)} y1={LINE_AT - 10} y2={LINE_AT + 10} className="wall-target" />
      <line x1={x(low ?? 0)} x2={x(high ?? 0)} y1={LINE_AT} y2={LINE_AT} className="wall-interval" />
      <circle cx={x(share ?? 0)} cy={LINE_AT} r={7} className="wall-dot-over" />
      <text x={x(0)} y={21}>
        <tspan className="wall-value">{percent(share)}</tspan> {percent(low)}–{percent(high)}
      </text>
    </svg>
  );
}
