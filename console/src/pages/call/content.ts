/** The content of a draft, and its changes. Pure. */

import type { Schemas } from "../../api/client.ts";
import { plainDigits } from "../../text/digits.ts";
import { localMoment } from "../../text/moments.ts";

export type Content = Schemas["DraftContent"];
export type Transfer = Schemas["DraftTransfer"];
export type Party = Schemas["DraftParty"];
export type Victim = Schemas["DraftVictim"];
export type Reach = Schemas["Reach"];
export type Side = "payer" | "payee";

export const EMPTY: Transfer = { payer: {}, payee: {} };

export function transferOf(content: Content, index: number): Transfer {
  return content.transfers?.[index] ?? EMPTY;
}

export function withTransfer(content: Content, index: number, change: Partial<Transfer>): Content {
  const transfers = [...(content.transfers ?? [])];
  while (transfers.length <= index) transfers.push(EMPTY);
  transfers[index] = { ...transferOf(content, index), ...change };
  return { ...content, transfers };
}

export function withParty(content: Content, index: number, side: Side, change: Partial<Party>): Content {
  return withTransfer(content, index, { [side]: { ...transferOf(content, index)[side], ...change } });
}

export function withVictim(content: Content, change: Partial<Victim>): Content {
  return { ...content, victim: { ...content.victim, ...change } };
}

/** Return a content with this answer on how the victim can be reached; the other answers stay as they are. */
export function withReach(content: Content, change: Partial<Reach>): Content {
  const reach = { way: null, ...content.reach, ...change };
  return { ...content, reach: Object.values(reach).some((value) => value !== null && value !== undefined) ? reach : null };
}

/** Whether nothing is typed of a transfer. */
export function isBlank(transfer: Transfer): boolean {
  return ![transfer.payer, transfer.payee, transfer].some((part) =>
    Object.values(part ?? {}).some((value) => value !== "" && value !== null && typeof value !== "object"),
  );
}

/** When the money left first; null while no time of it is known. A day alone says nothing of the first hour. */
export function firstMoment(content: Content, now: number): number | null {
  const times = (content.transfers ?? []).map((one) => one.transferred_at ?? "").filter((text) => text.includes("T"));
  const known = times.map(localMoment).filter((at) => !Number.isNaN(at) && at <= now);
  return known.length > 0 ? Math.min(...known) : null;
}

/** Return what the field for account or UPI address shows of one end. */
export function holderText(party: Party | undefined): string {
  return party?.account || party?.vpa || "";
}

/** Return the change of one end by the field for account or UPI address. */
export function readHolder(typed: string, party: Party | undefined): Partial<Party> {
  const text = plainDigits(typed.trim());
  if (text.includes("@")) return { account: "", vpa: text };
  // What stood in the field was the address, and it is replaced.
  return party?.account ? { account: text } : { account: text, vpa: "" };
}

/** Whether a bank can be asked about a transfer, as far as it can be seen here. */
export function hasFacts(transfer: Transfer): boolean {
  const { payer, amount_paise, rrn, utr, transferred_at } = transfer;
  return Boolean(payer?.institution && amount_paise && (rrn || utr) && transferred_at);
}

/** Whether nothing is told in a call but the number that called. */
export function isEmpty(content: Content): boolean {
  const { name, email, district, woman, child, senior, language } = content.victim ?? {};
  const told = [name, email, district, woman, child, senior, language, content.story, content.suspects];
  return (
    (content.transfers ?? []).every(isBlank) && [...told, content.category, content.consent].every((value) => !value)
  );
}

type Json = unknown;

function isPlain(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function same(one: Json, other: Json): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/**
 * Join two changes of one content: what was changed here since `base` stays, and the rest is as stored.
 *
 * Lists of the same length are joined place by place, so that two seats may type in two transfers.
 */
export function joined<Value extends Json>(base: Value, own: Value, stored: Value): Value {
  if (same(own, base)) return stored;
  if (same(stored, base)) return own;
  if (isPlain(own) && isPlain(stored)) {
    const before: Record<string, Json> = isPlain(base) ? base : {};
    const names = new Set([...Object.keys(own), ...Object.keys(stored)]);
    return Object.fromEntries([...names].map((name) => [name, joined(before[name], own[name], stored[name])])) as Value;
  }
  if (Array.isArray(own) && Array.isArray(stored) && own.length === stored.length) {
    const before: readonly Json[] = Array.isArray(base) ? base : [];
    return own.map((value, place) => joined<Json>(before[place], value, stored[place])) as Json as Value;
  }
  return own;
}
