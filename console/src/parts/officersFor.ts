/** Which officers of a team fit what is typed. Pure. */

import type { Schemas } from "../api/client.ts";

type TeamOfficer = Schemas["TeamOfficer"];

const SHOWN_MOST = 8;

/** Return the officers whose name or id has every part of the text; those at work come first. */
export function officersFor(typed: string, officers: readonly TeamOfficer[]): readonly TeamOfficer[] {
  const asked = typed.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fits = officers.filter((one) => {
    const text = `${one.name} ${one.officer_id}`.toLocaleLowerCase();
    return asked.every((part) => text.includes(part));
  });
  return [...fits].sort((one, other) => Number(one.is_absent) - Number(other.is_absent)).slice(0, SHOWN_MOST);
}

/** Return the id that a text stands for: that of the only officer who fits, else the text itself. */
export function idOf(typed: string, officers: readonly TeamOfficer[]): string {
  const text = typed.trim();
  const [one, ...others] = text === "" ? [] : officersFor(text, officers);
  return one !== undefined && others.length === 0 && !one.is_absent ? one.officer_id : text;
}
