/** How long, for a glance: 45 s, 41 min, 2 h 10 min, 6 d. `moments.ts` has clocks, which tick. */

import type { Language } from "./language.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS = {
  en: { second: "s", minute: "min", hour: "h", day: "d" },
  hi: { second: "से॰", minute: "मि॰", hour: "घं॰", day: "दिन" },
} as const;

/** The two largest units; below ten seconds and below ten minutes with one decimal. */
export function glanceText(seconds: number, language: Language): string {
  const unit = UNITS[language];
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} ${unit.second}`;
  if (seconds < MINUTE) return `${Math.round(seconds)} ${unit.second}`;
  if (seconds < 10 * MINUTE) return `${Math.round((seconds / MINUTE) * 10) / 10} ${unit.minute}`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} ${unit.minute}`;
  if (seconds < 2 * DAY) {
    const minutes = Math.round(seconds / MINUTE);
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)} ${unit.hour}${rest ? ` ${rest} ${unit.minute}` : ""}`;
  }
  return `${Math.round(seconds / DAY)} ${unit.day}`;
}
