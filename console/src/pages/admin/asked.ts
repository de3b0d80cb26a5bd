/** What the page of changes shows. It stands in the address as enums, days and numbers, and never as a person. */

import type { Area, ChangeFilter } from "./reads.ts";

export const AREAS: readonly Area[] = ["officers", "teams", "directory", "displays", "scripts", "policy"];
export const LISTS = ["open", "decided"] as const;
export type List = (typeof LISTS)[number];

export interface Shown {
  readonly area: Area | null;
  /** days as 2026-11-28, both included */
  readonly since: string;
  readonly until: string;
  readonly list: List;
  /** the proposal that is open in a dialog */
  readonly proposal: number | null;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;

function dayOf(value: unknown): string {
  return typeof value === "string" && DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : "";
}

/** Read the address; what it does not have, or has wrong, is as at the start. */
export function shownOf(search: Readonly<Record<string, unknown>>): Shown {
  const number = search["proposal"];
  return {
    area: AREAS.find((one) => one === search["area"]) ?? null,
    since: dayOf(search["since"]),
    until: dayOf(search["until"]),
    list: LISTS.find((one) => one === search["list"]) ?? "open",
    proposal: typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : null,
  };
}

/** Write what is shown for the address; what is as at the start is left out. */
export function searchOf(shown: Shown): Record<string, string | number> {
  return {
    ...(shown.area !== null && { area: shown.area }),
    ...(shown.since !== "" && { since: shown.since }),
    ...(shown.until !== "" && { until: shown.until }),
    ...(shown.list !== "open" && { list: shown.list }),
    ...(shown.proposal !== null && { proposal: shown.proposal }),
  };
}

/** The filter of the request: days are days in India, and the last one counts whole. */
export function filterOf(shown: Shown, person: string): ChangeFilter {
  return {
    ...(shown.area !== null && { area: shown.area }),
    ...(shown.since !== "" && { since: `${shown.since}T00:00:00+05:30` }),
    ...(shown.until !== "" && { until: `${new Date(Date.parse(shown.until) + DAY_MS).toISOString().slice(0, 10)}T00:00:00+05:30` }),
    ...(person !== "" && { officer: person }),
  };
}
