/** Filters of the queue: in the address as ids and enums only, in requests, and against one line of the stream. */

import type { Schemas } from "../../api/client.ts";
import { isDayAlone } from "../../text/moments.ts";

export type Kind = Schemas["TaskKind"];
export type Person = Schemas["Person"];
export type Line = Schemas["TaskLine"];

export interface Filter {
  readonly kinds: readonly Kind[];
  readonly bank: string | null;
  readonly district: string | null;
  readonly team: string | null;
  readonly persons: readonly Person[];
  readonly older_than_seconds: number | null;
  readonly sum_from_paise: number | null;
  readonly owner: string | null;
  readonly owned: boolean | null;
  readonly snoozed: boolean | null;
}

export const EVERYTHING: Filter = {
  kinds: [],
  bank: null,
  district: null,
  team: null,
  persons: [],
  older_than_seconds: null,
  sum_from_paise: null,
  owner: null,
  owned: null,
  snoozed: null,
};

/** The view with which the page opens: what is not asleep. */
export const FIRST_VIEW: Filter = { ...EVERYTHING, snoozed: false };

/** What the address of the page has behind the question mark. */
export type Search = Readonly<Record<string, string | number | boolean | undefined>>;

const COMMA = ",";

/** Read the filter of an address. What it does not know is left out. An address without anything is the first view. */
export function filterOf(search: Search): Filter {
  if (Object.keys(search).length === 0) return FIRST_VIEW;
  const text = (name: string): string | null => {
    const value = search[name];
    return value === undefined || value === "" || typeof value === "boolean" ? null : String(value);
  };
  const number = (name: string): number | null => {
    const value = Number(search[name]);
    return search[name] === undefined || !Number.isSafeInteger(value) || value < 0 ? null : value;
  };
  const yesNo = (name: string): boolean | null => (typeof search[name] === "boolean" ? search[name] : null);
  return {
    kinds: (text("kind")?.split(COMMA) ?? []) as Kind[],
    bank: text("bank"),
    district: text("district"),
    team: text("team"),
    persons: (text("person")?.split(COMMA) ?? []) as Person[],
    older_than_seconds: number("older"),
    sum_from_paise: number("from"),
    owner: text("owner"),
    owned: yesNo("owned"),
    snoozed: yesNo("snoozed"),
  };
}

/** Write a filter for the address. */
export function searchOf(filter: Filter): Search {
  const found = {
    kind: filter.kinds.join(COMMA) || undefined,
    bank: filter.bank ?? undefined,
    district: filter.district ?? undefined,
    team: filter.team ?? undefined,
    person: filter.persons.join(COMMA) || undefined,
    older: filter.older_than_seconds ?? undefined,
    from: filter.sum_from_paise ?? undefined,
    owner: filter.owner ?? undefined,
    owned: filter.owned ?? undefined,
    snoozed: filter.snoozed ?? undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** The parameters of a request. */
export function queryOf(filter: Filter) {
  return {
    ...(filter.kinds.length > 0 && { kind: [...filter.kinds] }),
    ...(filter.persons.length > 0 && { person: [...filter.persons] }),
    ...(filter.bank !== null && { bank: filter.bank }),
    ...(filter.district !== null && { district: filter.district }),
    ...(filter.team !== null && { team: filter.team }),
    ...(filter.older_than_seconds !== null && { older_than_seconds: filter.older_than_seconds }),
    ...(filter.sum_from_paise !== null && { sum_from_paise: filter.sum_from_paise }),
    ...(filter.owner !== null && { owner: filter.owner }),
    ...(filter.owned !== null && { owned: filter.owned }),
    ...(filter.snoozed !== null && { snoozed: filter.snoozed }),
  };
}

/** The body of a request about all items of a filter. */
export function bodyOf(filter: Filter): Schemas["TaskFilter"] {
  return { ...filter, kinds: [...filter.kinds], persons: [...filter.persons] };
}

/** The filter that the server saved. */
export function savedFilter(saved: Schemas["TaskFilter"]): Filter {
  const given = Object.entries(saved).filter(([, value]) => value !== null && value !== undefined);
  return { ...EVERYTHING, ...(Object.fromEntries(given) as Partial<Filter>) };
}

/** Two filters are the same if they write the same address. */
export function keyOf(filter: Filter): string {
  return JSON.stringify(searchOf(filter));
}

interface Standing {
  readonly owner: string | null;
  readonly lease_ends_at: string | null;
  readonly snoozed_until: string | null;
}

/** Who has an item now. A lease that is over counts for nothing, also before the server says so. */
export function ownerNow(one: Standing, now: number): string | null {
  const isOver = one.lease_ends_at !== null && Date.parse(one.lease_ends_at) <= now;
  return isOver ? null : one.owner;
}

export function sleepsNow(one: Standing, now: number): boolean {
  return one.snoozed_until !== null && Date.parse(one.snoozed_until) > now;
}

/** Whether a line of the stream is one of a filter. Teams are known to the server alone, so they are let through. */
export function fits(line: Line, filter: Filter, now: number): boolean {
  const owner = ownerNow(line, now);
  const age = (now - Date.parse(line.opened_at)) / 1000;
  return (
    line.state === "open" &&
    (filter.kinds.length === 0 || filter.kinds.includes(line.kind)) &&
    (filter.bank === null || filter.bank === line.institution) &&
    (filter.district === null || filter.district === line.district) &&
    (filter.persons.length === 0 || filter.persons.some((one) => line.persons.includes(one))) &&
    (filter.older_than_seconds === null || age >= filter.older_than_seconds) &&
    (filter.sum_from_paise === null || (line.in_play_paise ?? 0) >= filter.sum_from_paise) &&
    (filter.owner === null || filter.owner === owner) &&
    (filter.owned === null || filter.owned === (owner !== null)) &&
    (filter.snoozed === null || filter.snoozed === sleepsNow(line, now))
  );
}

interface Started {
  readonly opened_at: string;
  readonly hop?: { readonly transferred_at: string } | null;
  readonly to_ask: readonly { readonly transferred_at: string }[];
}

/** The moment from which the money runs: the victim's transfer, if the item has one and its time was told. */
export function startOf({ opened_at, hop, to_ask }: Started): number {
  const moved = Date.parse(hop?.transferred_at ?? to_ask[0]?.transferred_at ?? "");
  return Number.isNaN(moved) || isDayAlone(moved) ? Date.parse(opened_at) : moved;
}
