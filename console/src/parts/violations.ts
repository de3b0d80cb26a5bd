/** What is wrong with a field of a refused act, in a sentence. The server's own text is for programs. */

import type { Violation } from "../api/problem.ts";
import type { Read } from "../text/catalogue.ts";
import type { Said } from "../text/sentences.ts";

/** The last part of a field's path: `transfers[0].payee.account` is an `account`. */
function nameOf(field: string): string {
  return field.replace(/\[\d+\]/g, "").split(".").at(-1) ?? field;
}

/** Return the name of a field, and what it must be. A field or a fault without a text is as the server has it. */
export function sentenceOf(t: Read<string>, { field, message, code = "" }: Violation): Said & { name: string } {
  const name = nameOf(field);
  const known = t.has(`field.${name}`) ? t(`field.${name}`) : name.replaceAll("_", " ");
  const rule = code === "missing" || code === "string_too_short" ? "" : `rule.${name}`;
  const kind = `fault.${code}`;
  if (t.has(rule) || t.has(kind)) return { name: known, text: t(t.has(rule) ? rule : kind) };
  return { name: known, text: message, lang: "en" };
}
