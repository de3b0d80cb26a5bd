import { memo, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { PanelTitle } from "./Heading.tsx";
import { teamLoads } from "./teams.ts";
import { wall } from "./text.ts";

const SHOWN_MAX = 5;
/** More open items for one officer than this are shown in another colour. */
const MUCH = 20;

/** Open work items of the teams, and how many officers are on shift for them. */
export const Teams = memo(function Teams({ current }: { current: Schemas["WallNow"] | null }): ReactNode {
  const t = wall.use();
  const loads = teamLoads(current?.teams ?? []);
  const more = loads.length - SHOWN_MAX;
  return (
    <section className="wall-teams" aria-labelledby="wall-teams">
      <PanelTitle id="wall-teams" title={t("teams")} rule={t("teams_rule")} />
      {current !== null && loads.length === 0 ? (
        <p className="wall-nothing">{t("teams_none")}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{t("team")}</th>
              <th scope="col" className="num">
                {t("on_shift")}
              </th>
              <th scope="col" className="num">
                {t("open_items")}
              </th>
              <th scope="col" className="num">
                {t("each")}
              </th>
            </tr>
          </thead>
          <tbody>
            {loads.slice(0, SHOWN_MAX).map((one) => (
              <tr key={one.name}>
                <th scope="row" title={one.name}>
                  {one.name}
                </th>
                <td className="num">{one.onShift}</td>
                <td className="num">{one.tasks}</td>
                <td className={one.each === null ? (one.tasks > 0 ? "num b wall-much" : "num") : one.each > MUCH ? "num b wall-much" : "num b"}>
                  {one.each === null ? "–" : Math.round(one.each)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && <p className="wall-more">{t.count("team_more", more)}</p>}
    </section>
  );
});
