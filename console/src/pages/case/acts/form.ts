/** The fields of an act, and what a person typed in them. Pure. */

import { localMoment, localText, readMoment } from "../../../text/moments.ts";
import { isReason } from "../../../text/reason.ts";
import { inWords, readRupees } from "../../../text/rupees.ts";
import type { Language } from "../../../text/language.ts";

export type AskKind = "reason" | "text" | "line" | "number" | "rupees" | "moment" | "day" | "choice" | "yes" | "file";

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** One field of an act. */
export interface Ask {
  readonly name: string;
  readonly kind: AskKind;
  readonly label: string;
  /** whether the act goes without it */
  readonly isOptional?: boolean;
  readonly options?: readonly Option[];
  /** what stands in it at first */
  readonly begins?: string;
  readonly most?: number;
}

/** What stands in each field, by its name. A file is its bytes in base64; a tick is `yes` or nothing. */
export type Typed = Readonly<Record<string, string>>;

/** What stands at first in a choice that decides about money: the officer has to choose. */
export const UNCHOSEN = "";
const LINE_MOST = 200;
const NUMBER = /^[1-9]\d{0,8}$/;

export function lengthOf(ask: Ask): number {
  return ask.most ?? LINE_MOST;
}

export function beginning(asks: readonly Ask[]): Typed {
  return Object.fromEntries(
    asks.map((ask) => [ask.name, ask.begins ?? (ask.kind === "choice" && !ask.isOptional ? (ask.options?.[0]?.value ?? "") : "")]),
  );
}

/** Whether the act can go on with what stands in a field. */
export function isFit(ask: Ask, typed: string, now: number): boolean {
  const text = typed.trim();
  if (text === "") return ask.isOptional === true || ask.kind === "yes";
  switch (ask.kind) {
    case "reason":
      return isReason(text);
    case "number":
      return NUMBER.test(text);
    case "rupees":
      return readRupees(text) !== null;
    case "moment":
      return readMoment(text, now) !== null;
    case "day":
      return dayOf(text, now) !== null;
    default:
      return true;
  }
}

function dayOf(text: string, now: number): string | null {
  const read = readMoment(text, now);
  return read === null || read.includes("T") ? null : read;
}

/** How a sum or a time was understood; "" for other fields. */
export function understood(ask: Ask, typed: string, now: number, language: Language): string {
  if (ask.kind === "rupees") {
    const paise = readRupees(typed);
    return paise === null ? "" : inWords(paise, language);
  }
  if (ask.kind !== "moment" && ask.kind !== "day") return "";
  const read = ask.kind === "day" ? dayOf(typed, now) : readMoment(typed, now);
  return read === null ? "" : localText(read);
}

/** What an act is sent with. A field that is empty is null. */
export interface Given {
  readonly text: (name: string) => string;
  readonly maybe: (name: string) => string | null;
  readonly number: (name: string) => number | null;
  readonly paise: (name: string) => number | null;
  /** a moment, in UTC */
  readonly at: (name: string) => string | null;
  /** a day, such as 2026-11-27 */
  readonly day: (name: string) => string | null;
  readonly yes: (name: string) => boolean;
}

export function givenOf(typed: Typed, now: number): Given {
  const text = (name: string): string => (typed[name] ?? "").trim();
  return {
    text,
    maybe: (name) => text(name) || null,
    number: (name) => (NUMBER.test(text(name)) ? Number(text(name)) : null),
    paise: (name) => readRupees(text(name)),
    at: (name) => {
      const read = readMoment(text(name), now);
      return read === null ? null : new Date(localMoment(read)).toISOString();
    },
    day: (name) => dayOf(text(name), now),
    yes: (name) => text(name) === "yes",
  };
}

/** Lines of a field, such as documents to produce; empty ones are left out. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

