/** What a bank says on the telephone, as it is typed: parts of lines, what is odd about them, and the body to send. */

import type { Schemas } from "../../api/client.ts";
import { localMoment, readMoment } from "../../text/moments.ts";
import { readRupees } from "../../text/rupees.ts";

export type PartKind = Schemas["NewTelephoneAnswer"]["lines"] extends (infer Line)[] | undefined
  ? Line extends { kind: infer Kind }
    ? Kind
    : never
  : never;

export const PART_KINDS: readonly PartKind[] = ["held", "moved", "withdrawn", "spent", "refused"];
/** The key that adds a part while its line has the focus. */
export const PART_KEYS: Readonly<Record<string, PartKind>> = {
  h: "held",
  m: "moved",
  w: "withdrawn",
  s: "spent",
  x: "refused",
};

export interface Part {
  readonly id: number;
  readonly hop: number;
  readonly kind: PartKind;
  /** rupees as typed */
  readonly sum: string;
  readonly reference: string;
  readonly institution: string;
  readonly account: string;
  readonly by: "atm" | "aeps" | "cheque";
  readonly merchant: string;
  readonly code: string;
}

export interface Spoken {
  readonly name: string;
  readonly designation: string;
  readonly number: string;
  /** time as typed; nothing is now */
  readonly at: string;
  /** minutes until the bank calls back, as typed; nothing if it does not */
  readonly callsBack: string;
  readonly parts: readonly Part[];
}

export function newPart(id: number, hop: number, kind: PartKind): Part {
  return { id, hop, kind, sum: "", reference: "", institution: "", account: "", by: "atm", merchant: "", code: "" };
}

/** Names of what a part lacks or has wrong; each is a text of the catalogue. */
export type Fault = "sum" | "reference" | "institution" | "account" | "merchant" | "code";

/** The codes of refusals that banks give on the telephone; each has a text. */
export const REFUSAL_CODES = ["01", "02", "20"] as const;

const RRN = /^[0-9]{12}$/;
const UTR = /^[A-Z0-9]{16,22}$/i;
const CODE = /^(?!00)[0-9]{2}$/;

export function faultsOf(part: Part): readonly Fault[] {
  const faults: Fault[] = [];
  if (part.kind === "refused") return CODE.test(part.code) ? [] : ["code"];
  if (readRupees(part.sum) === null) faults.push("sum");
  if (part.kind === "moved") {
    if (!part.reference.trim()) faults.push("reference");
    if (!part.institution.trim()) faults.push("institution");
    if (!part.account.trim()) faults.push("account");
  }
  if (part.kind === "spent" && !part.merchant.trim()) faults.push("merchant");
  return faults;
}

/** Whether a reference is shaped unlike an RRN and a UTR. It may be right, so it is only shown. */
export function isOddReference(reference: string): boolean {
  const text = reference.trim();
  return text !== "" && !RRN.test(text) && !UTR.test(text);
}

/** What of a hop is not said yet; less than nothing if more was said than there is. */
export function unsaidPaise(hop: number, disputedPaise: number, parts: readonly Part[]): number {
  const own = parts.filter((part) => part.hop === hop);
  if (own.some((part) => part.kind === "refused")) return 0;
  return own.reduce((left, part) => left - (readRupees(part.sum) ?? 0), disputedPaise);
}

const CALL_BACK_MAX_MINUTES = 7 * 24 * 60;

export function callBackMinutes(typed: string): number | null {
  const minutes = Number(typed);
  return typed.trim() && Number.isInteger(minutes) && minutes > 0 && minutes <= CALL_BACK_MAX_MINUTES ? minutes : null;
}

/** What an answer lacks before it can be sent. */
export type Lack = "part" | "part_faults" | "name" | "number" | "at" | "call_back";

const NUMBER = /^\+?[0-9](?:[ ()/-]*[0-9]){4,14}$/;

export function lacksOf(spoken: Spoken, now: number): readonly Lack[] {
  const lacks: Lack[] = [];
  if (spoken.parts.length === 0 && !spoken.callsBack.trim()) lacks.push("part");
  if (spoken.parts.some((part) => faultsOf(part).length > 0)) lacks.push("part_faults");
  if (spoken.callsBack.trim() && callBackMinutes(spoken.callsBack) === null) lacks.push("call_back");
  if (!spoken.name.trim()) lacks.push("name");
  if (!NUMBER.test(spoken.number.trim())) lacks.push("number");
  if (spoken.at.trim() && readMoment(spoken.at, now) === null) lacks.push("at");
  return lacks;
}

function lineOf(part: Part) {
  const reference = part.reference.trim();
  const money = { hop: part.hop, remarks: "", amount_paise: readRupees(part.sum) ?? 0 };
  switch (part.kind) {
    case "held":
      // The bank's own number of the hold has no field of its own.
      return { ...money, kind: "held" as const, remarks: reference };
    case "moved": {
      const payee = { institution: part.institution.trim(), account: part.account.trim() };
      return { ...money, kind: "moved" as const, reference, payee };
    }
    case "withdrawn":
      return { ...money, kind: "withdrawn" as const, by: part.by, ...(reference && { reference }) };
    case "spent":
      return { ...money, kind: "spent" as const, merchant: part.merchant.trim(), ...(reference && { reference }) };
    case "refused":
      return { hop: part.hop, remarks: "", kind: "refused" as const, code: part.code };
  }
}

/** The body of an answer that lacks nothing. */
export function answerOf(spoken: Spoken, now: number): Schemas["NewTelephoneAnswer"] {
  const typed = spoken.at.trim() ? readMoment(spoken.at, now) : null;
  const minutes = callBackMinutes(spoken.callsBack);
  return {
    speaker: {
      name: spoken.name.trim(),
      designation: spoken.designation.trim(),
      number: spoken.number.trim(),
    },
    told_at: new Date(typed === null ? now : localMoment(typed)).toISOString(),
    lines: spoken.parts.map(lineOf),
    ...(minutes !== null && { calls_back_at: new Date(now + minutes * 60_000).toISOString() }),
  };
}
