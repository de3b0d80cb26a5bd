/** The levels that an appeal has reached: who ended each, how, and why. The lowest first. */

import type { ReactNode } from "react";

import { Rupees } from "../../parts/money.tsx";
import { Deadline, Moment } from "../../parts/time.tsx";
import { personOf } from "../../text/actors.ts";
import { Panel } from "./HoldParts.tsx";
import type { Grievance } from "./reads.ts";
import { appeals } from "./text.ts";

type Level = Grievance["levels"][number];

export function Levels({ view }: { view: Grievance }): ReactNode {
  const t = appeals.use();
  return (
    <Panel id="h-levels" title={t("levels")}>
      <ol className="appeals-body appeals-levels">
        {view.levels.map((one) => (
          <li key={one.level} aria-current={one.ended_at === null ? "step" : undefined}>
            <b>{t(`level.${one.level}`)}</b>{" "}
            <span className="xs mut">
              <Moment at={Date.parse(one.opened_at)} />
              {one.ended_at !== null && (
                <>
                  {" – "}
                  <Moment at={Date.parse(one.ended_at)} />
                </>
              )}
            </span>{" "}
            {one.ended_at === null ? (
              <>
                <span className="xs">
                  {t("due")} <Moment at={Date.parse(one.due_at)} />
                </span>{" "}
                <span className="xs"><Deadline at={Date.parse(one.due_at)} /></span>
              </>
            ) : (
              <Ended level={one} />
            )}
            {one.said && (
              <blockquote>
                {one.said}
                <footer className="xs mut">{t("said_against")}</footer>
              </blockquote>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** How a level ended, in one line, and the finding or the reason. */
export function Ended({ level }: { level: Level }): ReactNode {
  const t = appeals.use();
  const how = level.decision === null ? level.outcome && t(`outcome.${level.outcome}`) : t(`decided.${level.decision}`);
  return (
    <>
      <span className="chip">{how}</span> {level.ended_by !== null && <span className="xs mut">{personOf(level.ended_by)}</span>}
      {level.released_paise !== null && (
        <>
          {" "}
          <Rupees paise={level.released_paise} />
        </>
      )}
      {level.kyc !== null && <p>{t("kyc_found", { found: t(`kyc.${level.kyc}`) })}</p>}
      {level.finding && <p>{level.finding}</p>}
    </>
  );
}
