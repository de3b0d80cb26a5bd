/** Working hours of a week: written as people read them, and read as the command takes them. */

import type { Language } from "../../text/language.ts";

export interface TeamShift {
  readonly day_no: number;
  readonly starts_minute: number;
  readonly ends_minute: number;
}

const MINUTES_A_DAY = 1440;
const DAYS = {
  en: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
  hi: ["सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि", "रवि"],
} as const;
const SHORT = DAYS.en.map((day) => day.toLowerCase());
/** One or more days, then the hours: `mon-fri 09:00-18:00`, `sat,sun 20-24`. */
const SHIFT = /([a-z]{3}(?:\s*[-,]\s*[a-z]{3})*)\s+(\d{1,2})(?::(\d{2}))?\s*[-–]\s*(\d{1,2})(?::(\d{2}))?\s*(?:[,;]\s*|$)/gy;

export function dayName(dayNo: number, language: Language): string {
  return DAYS[language][dayNo - 1] ?? "";
}

export function clockText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** Days in a row that have the same hours are one part: Mon–Fri 09:00–18:00. */
export function shiftsText(shifts: readonly TeamShift[], language: Language): string {
  const byHours = new Map<string, number[]>();
  for (const one of shifts) {
    const hours = `${clockText(one.starts_minute)}–${clockText(one.ends_minute)}`;
    byHours.set(hours, [...(byHours.get(hours) ?? []), one.day_no]);
  }
  return [...byHours].map(([hours, days]) => `${daysText(days, language)} ${hours}`).join(", ");
}

export function daysText(days: readonly number[], language: Language): string {
  const sorted = [...days].sort((one, other) => one - other);
  const first = sorted[0] ?? 1;
  const last = sorted.at(-1) ?? first;
  const isRow = sorted.length > 2 && sorted.length === last - first + 1;
  if (isRow) return `${dayName(first, language)}–${dayName(last, language)}`;
  return sorted.map((day) => dayName(day, language)).join(" ");
}

/** Write hours as `asShifts` reads them. */
export function typedShifts(shifts: readonly TeamShift[]): string {
  return shiftsText(shifts, "en")
    .toLowerCase()
    .replaceAll("–", "-")
    .replaceAll(/(?<=[a-z]) (?=[a-z])/g, ",");
}

/** Read hours; null if a part of the text is none. */
export function asShifts(typed: string): TeamShift[] | null {
  const text = typed.trim().toLowerCase();
  const found: TeamShift[] = [];
  let end = 0;
  SHIFT.lastIndex = 0;
  for (const match of text.matchAll(SHIFT)) {
    const [whole, days = "", startHour, startMinute = "0", endHour, endMinute = "0"] = match;
    const starts_minute = Number(startHour) * 60 + Number(startMinute);
    const ends_minute = Number(endHour) * 60 + Number(endMinute);
    const numbers = dayNumbers(days);
    if (numbers === null || starts_minute >= ends_minute || ends_minute > MINUTES_A_DAY) return null;
    found.push(...numbers.map((day_no) => ({ day_no, starts_minute, ends_minute })));
    end = match.index + whole.length;
  }
  return end === text.length ? found : null;
}

function dayNumbers(text: string): number[] | null {
  const found: number[] = [];
  for (const part of text.split(",")) {
    const [from = "", to = from] = part.split("-").map((day) => day.trim());
    const [first, last] = [SHORT.indexOf(from) + 1, SHORT.indexOf(to) + 1];
    if (first === 0 || last < first) return null;
    for (let day = first; day <= last; day += 1) found.push(day);
  }
  return found;
}
