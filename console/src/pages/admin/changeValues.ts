/** Values of a change as people read them. The API states them as plain text: times in UTC, the policy's values as JSON. */

import { dayText, minuteText } from "../../text/moments.ts";
import type { AdminRead } from "./text.ts";
import { valueText } from "./policyValues.ts";

const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})/g;
/** Names of the policy are a section and a key; these beginnings are of other fields. */
const OTHERS = /^(role|key|nodal_officer)\./;
const LISTS: Readonly<Record<string, string>> = { channels: "channel", answer_class: "answers", roles: "role" };

/** Return whether a field is a name of the policy. */
export function isPolicyName(field: string): boolean {
  return field.includes(".") && !OTHERS.test(field);
}

export function changeText(t: AdminRead, field: string, text: string): string {
  if (isPolicyName(field)) return policyText(t, field, text);
  const names = LISTS[field];
  if (names !== undefined) return text.split(", ").map((one) => wordOf(t, names, one)).join(", ");
  return wordOf(t, "said", text).replaceAll(TIME, (time) => {
    const at = Date.parse(time);
    return `${dayText(at)} ${minuteText(at)} IST`;
  });
}

function policyText(t: AdminRead, field: string, text: string): string {
  try {
    return valueText(field, JSON.parse(text), t.language);
  } catch {
    return text;
  }
}

function wordOf(t: AdminRead, beginning: string, code: string): string {
  const key = `${beginning}.${code.replaceAll(/[ ,]+/g, "_")}`;
  return t.has(key) ? t(key) : code;
}
