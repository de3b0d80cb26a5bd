/** What the page asks for. It stands in the address: days, a district and keys of rows, never a person or an account. */

import type { Schemas } from "../../api/client.ts";
import { isoDay } from "../../text/moments.ts";
import { STAGES } from "./stageNames.ts";

export type Stage = Schemas["TimedStage"];
export type Group = Schemas["StageGroup"];
export type TreatmentGroup = Schemas["TreatmentGroup"];
export type Which = Schemas["StageCases"];

export const GROUPS: readonly Group[] = ["district", "team", "bank", "wire", "channel", "hour", "category"];
/** Days of the periods that are chosen at once; today is the last day of each. */
export const PERIODS = [1, 7, 30, 90] as const;
export type PeriodDays = (typeof PERIODS)[number];

export interface Asked {
  readonly days: PeriodDays;
  /** first day of a period of the supervisor's own; null for the last `days` */
  readonly first: string | null;
  /** last day of it; null for today */
  readonly last: string | null;
  readonly district: string | null;
  readonly by: Group;
  /** the stage whose rows are open */
  readonly open: Stage | null;
}

/** Days and district of a figure, as the API takes them. */
export interface Scope {
  readonly from: string;
  /** the day after the last one; without it today is the last one */
  readonly to?: string;
  readonly district?: string;
}

const DAY_MS = 86_400_000;
const DAY = /^20\d\d-\d\d-\d\d$/;
const DISTRICT_MAX_CHARS = 100;

/** The day so many days after another one; before it, if they are less than none. */
function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The first day of a period of days of which today is the last. */
export function firstDayOf(now: number, days: number): string {
  return dayAfter(isoDay(now), 1 - days);
}

/** Days and district of the figures that are asked for. */
export function scopeOf(asked: Asked, now: number): Scope {
  const district = asked.district === null ? {} : { district: asked.district };
  if (asked.first === null) return { from: firstDayOf(now, asked.days), ...district };
  const to = asked.last === null ? {} : { to: dayAfter(asked.last, 1) };
  return { from: asked.first, ...to, ...district };
}

function day(value: unknown): string | null {
  if (typeof value !== "string" || !DAY.test(value)) return null;
  // A day that no month has is read as one of the next month, or not at all.
  return !Number.isNaN(Date.parse(value)) && dayAfter(value, 0) === value ? value : null;
}

/** Read the address; what it does not have, or has wrong, is as at the start. */
export function askedOf(search: Readonly<Record<string, unknown>>): Asked {
  const first = day(search["first"]);
  const district = search["district"];
  return {
    days: PERIODS.find((one) => one === search["days"]) ?? 30,
    first,
    last: first === null ? null : day(search["last"]),
    district: typeof district === "string" && district !== "" && district.length <= DISTRICT_MAX_CHARS ? district : null,
    by: GROUPS.find((one) => one === search["by"]) ?? "district",
    open: STAGES.find((one) => one === search["open"]) ?? null,
  };
}

/** Write what is asked for the address. A period of the supervisor's own takes the place of the days. */
export function searchOf({ days, first, last, district, by, open }: Asked): Readonly<Record<string, string | number | null>> {
  const found = { ...(first === null ? { days } : { first, last }), district, by, open };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null));
}
