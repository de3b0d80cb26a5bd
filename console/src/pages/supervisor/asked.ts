/** What the page asks for. It stands in the address: a period and keys of rows, never a person or an account. */

import type { Schemas } from "../../api/client.ts";
import { STAGES } from "./stageNames.ts";

export type Stage = Schemas["TimedStage"];
export type Group = Schemas["StageGroup"];
export type Which = Schemas["StageCases"];

export const GROUPS: readonly Group[] = ["district", "team", "bank", "wire", "channel", "hour", "category"];
/** Days of the periods that are chosen at once; today is the last day of each. */
export const PERIODS = [1, 7, 30, 90] as const;
export type PeriodDays = (typeof PERIODS)[number];

export interface Asked {
  readonly days: PeriodDays;
  readonly by: Group;
  /** the stage whose rows are open */
  readonly open: Stage | null;
}

const DAY_MS = 86_400_000;
const OFFSET_MS = 5.5 * 3_600_000;

/** The first day of a period, Indian time, as the API takes it. */
export function firstDay(days: PeriodDays, now: number): string {
  return new Date(now + OFFSET_MS - (days - 1) * DAY_MS).toISOString().slice(0, 10);
}

/** Read the address; what it does not have, or has wrong, is as at the start. */
export function askedOf(search: Readonly<Record<string, unknown>>): Asked {
  return {
    days: PERIODS.find((one) => one === search["days"]) ?? 30,
    by: GROUPS.find((one) => one === search["by"]) ?? "district",
    open: STAGES.find((one) => one === search["open"]) ?? null,
  };
}
