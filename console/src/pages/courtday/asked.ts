/** What the page asks for. It stands in the address: day, court, route and district, never a person or an account. */

import type { Schemas } from "../../api/client.ts";

export type Line = Schemas["CourtDayLine"];
export type WaitingOrder = Schemas["WaitingCourtOrder"];
export type Route = "lok_adalat" | "court" | "magistrate_107";
export type Kind = Schemas["CourtOrderKind"];
export type Effect = Schemas["CourtOrderEffect"];

export const ROUTES: readonly Route[] = ["lok_adalat", "court", "magistrate_107"];
/** Kinds of orders that end the step of each route, the usual one first. */
export const KINDS: Readonly<Record<Route, readonly Kind[]>> = {
  lok_adalat: ["lok_adalat"],
  court: ["bnss_503", "bnss_497", "writ"],
  magistrate_107: ["bnss_107"],
};
/** Effects that end the step of a restoration. */
export const EFFECTS: readonly Effect[] = ["restore", "refuse"];
/** The API takes so many cases in one order. */
export const CASES_MAX = 50;

export interface Asked {
  readonly list: "files" | "orders";
  readonly route: Route;
  readonly district: string;
  /** the day of the court, as the API takes it */
  readonly on: string;
  /** the court as its orders name it */
  readonly court: string;
  /** the day on which a court hears the files; empty for all of them */
  readonly heard: string;
}

export type Search = Readonly<Record<string, unknown>>;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TEXT_MAX_CHARS = 200;

const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, TEXT_MAX_CHARS) : "");

/** Read the address; what it does not have, or has wrong, is as at the start. */
export function askedOf(search: Search, today: string): Asked {
  const on = text(search["on"]);
  return {
    list: search["list"] === "orders" ? "orders" : "files",
    route: ROUTES.find((one) => one === search["route"]) ?? "lok_adalat",
    district: text(search["district"]),
    on: DAY.test(on) ? on : today,
    court: text(search["court"]),
    heard: DAY.test(text(search["heard"])) ? text(search["heard"]) : "",
  };
}

/** Write the address, without what is as at the start. */
export function searchOf(asked: Asked, today: string): Search {
  return {
    ...(asked.list === "orders" && { list: asked.list }),
    ...(asked.route !== "lok_adalat" && { route: asked.route }),
    ...(asked.district && { district: asked.district }),
    ...(asked.on !== today && { on: asked.on }),
    ...(asked.court && { court: asked.court }),
    ...(asked.heard && { heard: asked.heard }),
  };
}

/** One case of an order: its lines, and what is on hold for them. A case is named once, whatever complaints it has. */
export interface CaseOfOrder {
  readonly ackNo: string;
  readonly lines: readonly Line[];
  readonly heldPaise: number;
}

/** Return the cases of lines, in their order. */
export function casesOf(lines: readonly Line[]): readonly CaseOfOrder[] {
  const found = new Map<string, Line[]>();
  for (const line of lines) {
    const known = found.get(line.case_ack_no);
    if (known) known.push(line);
    else found.set(line.case_ack_no, [line]);
  }
  return [...found].map(([ackNo, ofCase]) => ({
    ackNo,
    lines: ofCase,
    heldPaise: ofCase.reduce((sum, one) => sum + one.held_paise, 0),
  }));
}

/** The entries of one order, one for each case: the same court, number, effect and act that is asked for. */
export interface Entries {
  readonly key: string;
  readonly first: WaitingOrder;
  readonly orders: readonly WaitingOrder[];
}

/** Return entries by their order. */
export function entriesOf(orders: readonly WaitingOrder[]): readonly Entries[] {
  const found = new Map<string, WaitingOrder[]>();
  for (const one of orders) {
    const key = JSON.stringify([one.asks, one.court, one.order_no, one.effect, one.made_on, one.taken_by, one.withdrawal_asked_by]);
    const known = found.get(key);
    if (known) known.push(one);
    else found.set(key, [one]);
  }
  return [...found].flatMap(([key, ofOrder]) => {
    const [first] = ofOrder;
    return first ? [{ key, first, orders: ofOrder }] : [];
  });
}
