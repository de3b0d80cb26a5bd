/** What the page shows. It stands in the address: a list, a level and an id, never a person or an account. */

import type { Schemas } from "../../api/client.ts";

export type Level = Schemas["GrievanceLevel"];

export const LISTS = ["mine", "all", "small"] as const;
export type List = (typeof LISTS)[number];
export const LEVELS: readonly Level[] = ["bank", "io", "dy_sp", "district_gro", "state_gro"];

const ID = /^[0-9a-f-]{36}$/;

export interface Asked {
  readonly list: List;
  readonly level: Level | null;
  /** only those after their deadline */
  readonly late: boolean;
  /** the file that is open: a grievance, or a hold of the list of small holds */
  readonly at: string | null;
}

export type Search = Readonly<Record<string, unknown>>;

/** Read the address; what it does not have, or has wrong, is as at the start. */
export function askedOf(search: Search): Asked {
  const at = search["at"];
  return {
    list: LISTS.find((one) => one === search["list"]) ?? "mine",
    level: LEVELS.find((one) => one === search["level"]) ?? null,
    late: search["late"] === true,
    at: typeof at === "string" && ID.test(at) ? at : null,
  };
}

/** Write the address, without what is as at the start. */
export function searchOf(asked: Asked): Search {
  return {
    ...(asked.list !== "mine" && { list: asked.list }),
    ...(asked.level !== null && { level: asked.level }),
    ...(asked.late && { late: true }),
    ...(asked.at !== null && { at: asked.at }),
  };
}
