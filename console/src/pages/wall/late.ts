/** What is over its limit now, in six lines that are always there, so that a place on the wall means one thing. */

import type { Schemas } from "../../api/client.ts";

type Stage = Schemas["TimedStage"];
export type LateLine = "first_hold" | "banks" | "holds" | "tasks" | "restoration" | "other";

export interface Late {
  readonly line: LateLine;
  readonly count: number;
  /** time past the limit of the one that is late the longest; null for holds, which have money instead */
  readonly seconds: number | null;
  readonly paise: number | null;
}

const RESTORATION: ReadonlySet<Stage> = new Set<Stage>([
  "held_to_reported",
  "held_to_applied",
  "applied_to_verified",
  "notice",
  "court",
  "approval",
  "approved_to_ordered",
  "ordered_to_credited",
]);

function lineOf(stage: Stage): LateLine {
  if (stage === "complaint_to_held") return "first_hold";
  if (stage === "delivered_to_answered") return "banks";
  return RESTORATION.has(stage) ? "restoration" : "other";
}

export function lateLines(breaches: Schemas["WallBreaches"]): Late[] {
  const of = (line: LateLine): Late => {
    const stages = breaches.stages.filter((one) => lineOf(one.stage) === line);
    return {
      line,
      count: stages.reduce((sum, one) => sum + one.late, 0),
      seconds: Math.max(0, ...stages.map((one) => one.most_seconds)),
      paise: null,
    };
  };
  return [
    of("first_hold"),
    of("banks"),
    { line: "holds", count: breaches.lapsing_holds, seconds: null, paise: breaches.lapsing_paise },
    { line: "tasks", count: breaches.unowned_tasks, seconds: breaches.unowned_most_seconds, paise: null },
    of("restoration"),
    of("other"),
  ];
}

/** How many matters there are in all. */
export function lateCount(breaches: Schemas["WallBreaches"]): number {
  return lateLines(breaches).reduce((sum, one) => sum + one.count, 0);
}
