import { memo, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { rupees, shortRupees } from "../../text/rupees.ts";
import { PanelTitle } from "./Heading.tsx";
import { Opens } from "./Opens.tsx";
import { wall } from "./text.ts";

/** The weeks are read each quarter of an hour. */
const OLD_MS = 3_600_000;
const FIGURES = { lost: "lost", held: "ever_held", restored: "restored" } as const;

/** Money of the last weeks: lost, ever on hold, and restored. */
export const Funnel = memo(function Funnel({
  weeks,
  open,
}: {
  weeks: Schemas["WallWeeks"] | null;
  /** opens the cases behind a number of it */
  open?: (figure: Schemas["MoneyFigure"], days: number) => void;
}): ReactNode {
  const t = wall.use();
  const funnel = weeks?.funnel;
  const lost = funnel?.lost.paise ?? 0;
  const bars = [
    { key: "lost", paise: lost, letter: "U" },
    { key: "held", paise: funnel?.held_paise ?? 0, letter: "H" },
    { key: "restored", paise: funnel?.restored.paise ?? 0, letter: "R" },
  ] as const;
  return (
    <section className="wall-funnel" aria-labelledby="wall-funnel">
      <PanelTitle
        id="wall-funnel"
        title={t("funnel")}
        rule={t("funnel_days", { days: funnel?.days ?? "–" })}
        asOf={weeks?.as_of ?? null}
        limitMs={OLD_MS}
      />
      <dl>
        {bars.map((one) => (
          <div key={one.key}>
            <dt>{t(`funnel.${one.key}`)}</dt>
            <dd>
              <span className="wall-part" aria-hidden="true">
                <i data-b={one.letter} style={{ width: `${lost === 0 ? 0 : Math.min(100, (one.paise / lost) * 100)}%` }} />
              </span>
              <Opens
                open={open && funnel && one.paise > 0 ? () => open(FIGURES[one.key], funnel.days) : undefined}
                said={t("open_cases", { value: rupees(one.paise), name: t(`funnel.${one.key}`) })}
              >
                <b title={rupees(one.paise)}>{funnel === undefined ? "–" : shortRupees(one.paise, t.language)}</b>
              </Opens>
              {one.key !== "lost" && lost > 0 && (
                <small>{t("of_hundred", { count: `₹${Math.floor((one.paise / lost) * 100)}` })}</small>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
});
