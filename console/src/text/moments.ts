/** Times for people, in Indian time, and times that people type. */

import { plainDigits } from "./digits.ts";

export const OFFSET_TEXT = "IST (UTC+05:30)";
const OFFSET_MS = 5.5 * 3_600_000;
const DAY_MS = 86_400_000;

const two = (number: number): string => String(number).padStart(2, "0");

/** The parts of a moment in Indian time. India has one zone and no summer time. */
function indian(at: number): Date {
  return new Date(at + OFFSET_MS);
}

/** 14:02:31 */
export function timeText(at: number): string {
  const local = indian(at);
  return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
}

/** 14:02 */
export function minuteText(at: number): string {
  return timeText(at).slice(0, 5);
}

/** 27-11-2026 */
export function dayText(at: number): string {
  const local = indian(at);
  return `${two(local.getUTCDate())}-${two(local.getUTCMonth() + 1)}-${local.getUTCFullYear()}`;
}

/** The time alone on the same day, else the day and the time. */
export function momentText(at: number, now: number): string {
  return dayText(at) === dayText(now) ? timeText(at) : `${dayText(at)} ${minuteText(at)}`;
}

/** A moment to the minute, with its day unless it is today: 14:02, or 28-11-2026 00:00. */
export function untilText(at: number, now: number): string {
  return dayText(at) === dayText(now) ? minuteText(at) : `${dayText(at)} ${minuteText(at)}`;
}

/** From when until when, to the minute: 27-11-2026 18:00–28-11-2026 00:00, or 27-11-2026 08:17–16:00. */
export function rangeText(from: number, to: number): string {
  return `${dayText(from)} ${minuteText(from)}–${untilText(to, from)}`;
}

/** 27-11-2026 14:02:31 IST (UTC+05:30), for titles. */
export function fullText(at: number): string {
  return `${dayText(at)} ${timeText(at)} ${OFFSET_TEXT}`;
}

/** 1:31, 44:45, 23:59:24 or 3 d 4 h: how long, to the second within a day. */
export function spanText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, "");
}

/** Give `<time>` what a program reads. */
export function machineText(at: number): string {
  return new Date(at).toISOString();
}

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DATE = /^(\d{1,2})[-/. ]?(?:(\d{1,2})|([a-z]{3})[a-z]*)(?:(?:[-/.]|,? )(20\d{2}|\d{2}))?$/i;
const ISO_DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const TIME = /^(\d{1,2})[:.]?(\d{2})(?:[:.]?(\d{2}))?\s*(am|pm|a|p)?$/i;
const HOUR = /^(\d{1,2})\s*(am|pm|a|p)$/i;
const YESTERDAY = /^(y|yest|yesterday|कल)$/i;
const TODAY = /^(t|today|आज)$/i;

interface Clock {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

function readClock(text: string): Clock | null {
  const found = TIME.exec(text);
  const onHour = found ? null : HOUR.exec(text);
  if (!found && !onHour) return null;
  const half = (found?.[4] ?? onHour?.[2] ?? "").toLowerCase();
  let hour = Number(found?.[1] ?? onHour?.[1]);
  if (half && (hour < 1 || hour > 12)) return null;
  if (half) hour = (hour % 12) + (half.startsWith("p") ? 12 : 0);
  const clock = { hour, minute: Number(found?.[2] ?? 0), second: Number(found?.[3] ?? 0) };
  return clock.hour < 24 && clock.minute < 60 && clock.second < 60 ? clock : null;
}

function readDay(text: string, now: number): string | null {
  if (TODAY.test(text)) return isoDay(now);
  if (YESTERDAY.test(text)) return isoDay(now - DAY_MS);
  const iso = ISO_DATE.exec(text);
  if (iso) return checkedDay(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const found = DATE.exec(text);
  if (!found) return null;
  const month = found[3] ? MONTHS.indexOf(found[3].toLowerCase()) + 1 : Number(found[2]);
  const year = found[4] ? Number(found[4].length === 2 ? `20${found[4]}` : found[4]) : indian(now).getUTCFullYear();
  const day = checkedDay(year, month, Number(found[1]));
  // A day without a year is the last one of that name.
  return day !== null && !found[4] && day > isoDay(now) ? checkedDay(year - 1, month, Number(found[1])) : day;
}

function checkedDay(year: number, month: number, day: number): string | null {
  const made = new Date(Date.UTC(year, month - 1, day));
  const fits = made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
  return fits ? `${year}-${two(month)}-${two(day)}` : null;
}

/** 2026-11-27: the Indian day of a moment, as the API takes it. */
export function isoDay(at: number): string {
  const local = indian(at);
  return `${local.getUTCFullYear()}-${two(local.getUTCMonth() + 1)}-${two(local.getUTCDate())}`;
}

/** Whether a moment is the beginning of an Indian day, which is how a day without a time is kept. */
export function isDayAlone(at: number): boolean {
  return at === localMoment(isoDay(at));
}

/** The moment that a local text of the API names. */
export function localMoment(text: string): number {
  return Date.parse(text.includes("T") ? `${text}+05:30` : `${text}T00:00:00+05:30`);
}

/**
 * Return what a person typed as the API takes it: `1347`, `13:47:52`, `1:47 pm`, `y 2130`, `27-11 1347`, `27 nov`.
 *
 * A time alone is today's, or yesterday's if it is still to come. A day alone stays a day. Null if it is neither.
 */
export function readMoment(typed: string, now: number): string | null {
  const text = plainDigits(typed.trim()).replace(/\s+/g, " ").replace("T", " ");
  if (!text) return null;
  const clock = readClock(text);
  if (clock) {
    const today = withClock(isoDay(now), clock);
    return localMoment(today) <= now + 60_000 ? today : withClock(isoDay(now - DAY_MS), clock);
  }
  const day = readDay(text, now);
  if (day) return day;
  // The last part that is a time is the time; all before it is the day.
  for (let at = text.indexOf(" "); at >= 0; at = text.indexOf(" ", at + 1)) {
    const before = readDay(text.slice(0, at).replace(/,$/, ""), now);
    const after = readClock(text.slice(at + 1));
    if (before && after) return withClock(before, after);
  }
  return null;
}

function withClock(day: string, clock: Clock): string {
  return `${day}T${two(clock.hour)}:${two(clock.minute)}:${two(clock.second)}`;
}

/** Show a local text of the API as officers write it: 27-11-2026 13:47:52. */
export function localText(text: string): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?))?/.exec(text);
  return found ? `${found[3]}-${found[2]}-${found[1]}${found[4] ? ` ${found[4]}` : ""}` : text;
}
