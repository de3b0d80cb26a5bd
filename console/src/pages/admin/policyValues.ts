/** Values of the policy as people read and write them, and what changed between two of its versions. */

import { glanceText } from "../../text/spans.ts";
import { type Language } from "../../text/language.ts";
import { readRupees, rupees } from "../../text/rupees.ts";

export type Unit = "paise" | "seconds" | "none";

/** The unit of a value: the last word of its name. */
export function unitOf(name: string): Unit {
  const last = /(?:^|[._])(paise|seconds)$/.exec(name)?.[1];
  return last === "paise" || last === "seconds" ? last : "none";
}

/** The part of a name before the first dot: the section of the file. */
export function sectionOf(name: string): string {
  return name.split(".")[0] ?? name;
}

export function keyIn(name: string): string {
  return name.includes(".") ? name.slice(name.indexOf(".") + 1) : name;
}

/** A value as text: rupees, a span of time, or as the file has it. */
export function valueText(name: string, value: unknown, language: Language): string {
  const unit = unitOf(name);
  if (typeof value === "number" && unit === "paise") return rupees(value);
  if (typeof value === "number" && unit === "seconds") return glanceText(value, language);
  return writtenValue(value);
}

/** A value as the file has it, which is what a person edits. */
export function writtenValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What stands in the field when a value is edited: rupees without the sign, all else as the file has it. */
export function editedText(name: string, value: unknown): string {
  return typeof value === "number" && unitOf(name) === "paise" ? String(value / 100) : writtenValue(value);
}

/** Read a typed value of the same kind as the one before; undefined if it is of another kind. */
export function readValue(name: string, typed: string, before: unknown): unknown {
  const text = typed.trim();
  if (text === "") return undefined;
  if (typeof before === "string") return text;
  if (typeof before === "number") return unitOf(name) === "paise" ? readPaise(text) : readNumber(text);
  return readJson(text, before);
}

function readPaise(text: string): number | undefined {
  return /^₹?\s*0+$/.test(text) ? 0 : (readRupees(text) ?? undefined);
}

function readNumber(text: string): number | undefined {
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function readJson(text: string, before: unknown): unknown {
  try {
    const found: unknown = JSON.parse(text);
    const isSame = before === null || (typeof found === typeof before && Array.isArray(found) === Array.isArray(before));
    return isSame ? found : undefined;
  } catch {
    return undefined;
  }
}

export interface FieldChange {
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Join the changes of several versions, the oldest first: what is other after the last than before the first. */
export function joined(versions: readonly (readonly FieldChange[])[]): FieldChange[] {
  const found = new Map<string, FieldChange>();
  for (const one of versions.flat()) {
    const known = found.get(one.field);
    found.set(one.field, known ? { ...one, before: known.before } : one);
  }
  return [...found.values()].filter((one) => one.before !== one.after);
}
