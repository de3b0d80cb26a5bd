/** How an officer is told, as it is typed and as the API takes it. */

import type { Schemas } from "../../api/client.ts";
import { readRupees } from "../../text/rupees.ts";

export type Setting = Required<Schemas["NoticeSetting"]>;
export type Medium = Schemas["NoticeMedium"];

export const MEDIA: readonly Medium[] = ["stream", "sms", "email", "webhook"];
export const GAPS_MINUTES = [5, 15, 30, 60, 240] as const;

export interface Typed {
  readonly kinds: readonly Schemas["TaskKind"][];
  /** rupees as typed; nothing is any sum */
  readonly sum: string;
  readonly hours: Setting["hours"];
  readonly media: readonly Medium[];
  readonly gapMinutes: number;
  readonly language: Setting["language"];
}

export function typedOf(setting: Setting): Typed {
  return {
    kinds: setting.kinds,
    sum: setting.sum_from_paise === null ? "" : String(setting.sum_from_paise / 100),
    hours: setting.hours,
    media: setting.media,
    gapMinutes: Math.max(1, Math.round(setting.gap_seconds / 60)),
    language: setting.language,
  };
}

/** Return the setting to send, or null if the sum is not understood. */
export function settingOf(typed: Typed): Setting | null {
  const paise = typed.sum.trim() === "" ? null : readRupees(typed.sum);
  if (typed.sum.trim() !== "" && paise === null) return null;
  return {
    kinds: [...typed.kinds],
    sum_from_paise: paise,
    hours: typed.hours,
    media: [...typed.media],
    gap_seconds: typed.gapMinutes * 60,
    language: typed.language,
  };
}

/** Put one into a list or take it out, in the order of all. */
export function toggled<One>(all: readonly One[], chosen: readonly One[], one: One): readonly One[] {
  return all.filter((other) => (other === one ? !chosen.includes(one) : chosen.includes(other)));
}
