import { memo, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { rupees, shortRupees } from "../../text/rupees.ts";
import { PanelTitle } from "./Heading.tsx";
import { wall } from "./text.ts";

/** The weeks are read each quarter of an hour. */
const OLD_MS = 3_600_000;

/** Money of the last weeks: lost, ever on hold, and restored. */
export const Funnel = memo(function Funnel({ weeks }: { weeks: Schemas["WallWeeks"] | null }): ReactNode {
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
              <b title={rupees(one.paise)}>{funnel === undefined ? "–" : shortRupees(one.paise, t.language)}</b>
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
