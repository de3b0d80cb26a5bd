import { memo, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { shortRupees } from "../../text/rupees.ts";
import { glanceText } from "../../text/spans.ts";
import { PanelTitle } from "./Heading.tsx";
import { lateCount, lateLines } from "./late.ts";
import { wall } from "./text.ts";

const NOTHING: Schemas["WallBreaches"] = {
  stages: [],
  lapsing_holds: 0,
  lapsing_paise: 0,
  unowned_tasks: 0,
  unowned_most_seconds: 0,
};

/** What is over its limit now: how many, and the worst of them. */
export const LatePanel = memo(function LatePanel({ breaches }: { breaches: Schemas["WallBreaches"] | null }): ReactNode {
  const t = wall.use();
  const all = lateCount(breaches ?? NOTHING);
  return (
    <section className="wall-late" aria-labelledby="wall-late">
      <PanelTitle id="wall-late" title={t("late")} rule={breaches === null ? "–" : t.count("late_all", all)} />
      <table>
        <tbody>
          {lateLines(breaches ?? NOTHING).map((one) => (
            <tr key={one.line} className={one.count > 0 ? "wall-over" : undefined}>
              <td className="wall-big">{breaches === null ? "–" : one.count}</td>
              <th scope="row">{t(`late.${one.line}`)}</th>
              <td className="num">
                {one.count === 0
                  ? ""
                  : one.paise === null
                    ? glanceText(one.seconds ?? 0, t.language)
                    : shortRupees(one.paise, t.language)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
});
