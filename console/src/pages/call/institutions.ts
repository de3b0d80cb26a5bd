/** Finding an institution by what the caller says or an officer types: a name, an IFSC, a code or a UPI address. Pure. */

import type { Schemas } from "../../api/client.ts";
import type { Party } from "./content.ts";

export type Institution = Schemas["NamedInstitution"];
type Named = Pick<Institution, "code" | "name" | "aliases" | "ifsc_prefixes">;

export interface District {
  readonly code: string;
  readonly english: string;
  readonly hindi: string;
}

const IFSC = /^[A-Z]{4}0[A-Z0-9]{0,6}$/i;
const SHOWN_MAX = 8;

/** A name without what many names have, in small letters. */
function key(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9\u0900-\u097f]+/g, " ")
    .trim();
}

function initials(text: string): string {
  return key(text)
    .split(" ")
    .map((word) => word[0] ?? "")
    .join("");
}

/** How well an institution fits: the smaller the better; null if it does not. */
function fit(one: Named, sought: string): number | null {
  if (key(one.code) === sought) return 0;
  const names = [one.name, ...one.aliases];
  if (names.some((name) => key(name) === sought)) return 1;
  if (one.ifsc_prefixes.some((prefix) => key(prefix) === sought)) return 1;
  if (key(one.code).startsWith(sought)) return 2;
  if (names.some((name) => key(name).startsWith(sought))) return 3;
  if (names.some((name) => initials(name).startsWith(sought))) return 4;
  const parts = sought.split(" ");
  const fits = names.some((name) => {
    const words = key(name).split(" ");
    return parts.every((part) => words.some((word) => word.startsWith(part)));
  });
  return fits ? 5 : null;
}

/** Return the institutions that fit what is typed, the best first. */
export function institutionsFor(typed: string, all: readonly Institution[]): readonly Institution[] {
  return IFSC.test(typed.trim()) || typed.includes("@") ? [] : namedFor(typed, all);
}

/** Return the districts that fit what is typed in English or Hindi, the best first. */
export function districtsFor(typed: string, all: readonly District[]): readonly (Named & District & { beside: string })[] {
  const named = all.map((one) => ({ ...one, name: one.english, aliases: [one.hindi], beside: one.hindi, ifsc_prefixes: [] }));
  return namedFor(typed, named);
}

function namedFor<One extends Named>(typed: string, all: readonly One[]): readonly One[] {
  const sought = key(typed);
  if (!sought) return [];
  return all
    .map((one) => ({ one, rank: fit(one, sought) }))
    .filter((found): found is { one: One; rank: number } => found.rank !== null)
    .sort((first, second) => first.rank - second.rank || first.one.name.length - second.one.name.length)
    .slice(0, SHOWN_MAX)
    .map(({ one }) => one);
}

export function ofCode(code: string, all: readonly Institution[]): Institution | undefined {
  return all.find((one) => one.code === code);
}

/** Return the institution that an IFSC or a UPI address names, by the longest beginning or the part after the @. */
export function ofAddress(typed: string, all: readonly Institution[]): Institution | undefined {
  const text = typed.trim().toUpperCase();
  if (text.includes("@")) {
    const handle = text.slice(text.lastIndexOf("@") + 1).toLowerCase();
    return all.find((one) => one.vpa_handles.some((known) => known.toLowerCase() === handle));
  }
  const fits = all.flatMap((one) =>
    one.ifsc_prefixes.filter((prefix) => text.startsWith(prefix.toUpperCase())).map((prefix) => ({ one, prefix })),
  );
  return fits.sort((first, second) => second.prefix.length - first.prefix.length)[0]?.one;
}

/**
 * Return the change of one end of a transfer by the field for bank, IFSC or UPI address.
 *
 * A bank that is named beside a UPI address leaves the address, which the field of the account then shows alone.
 */
export function readBank(typed: string, party: Party | undefined): Partial<Party> {
  const text = typed.trim();
  if (text.includes("@")) return { institution: "", ifsc: "", vpa: text };
  if (IFSC.test(text)) return { institution: "", ifsc: text.toUpperCase() };
  const showsAddress = !party?.institution && !party?.ifsc;
  return { institution: text, ifsc: "", ...(text === "" && showsAddress && { vpa: "" }) };
}

/** Return what the field for bank, IFSC or UPI address shows of one end. */
export function bankText(party: Party | undefined, all: readonly Institution[]): string {
  if (!party) return "";
  if (party.ifsc) return party.ifsc;
  if (party.institution) return ofCode(party.institution, all)?.name ?? party.institution;
  return party.vpa ?? "";
}
