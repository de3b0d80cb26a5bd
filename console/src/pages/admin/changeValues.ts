/** Values of a change as people read them. The API states them as plain text: times in UTC, the policy's values as JSON. */

import { dayText, minuteText } from "../../text/moments.ts";
import { valueText } from "./policyValues.ts";
import { dayName } from "./shifts.ts";
import type { AdminRead } from "./text.ts";

const TIME = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})`;
const SPAN = new RegExp(`(from |until )?(${TIME})`, "g");
const DAY = /\bday ([1-7])\b/g;
/** Names of the policy are a section and a key; these beginnings are of other fields. */
const OTHERS = /^(role|key|key_request|person|nodal_officer|credentials)\./;
/** Fields whose values are codes, with the beginning of the texts for them. */
const CODES: Readonly<Record<string, string>> = {
  channels: "channel",
  answer_class: "answers",
  kind: "kind",
  language: "language",
};

/** Return whether a field is a name of the policy. */
export function isPolicyName(field: string): boolean {
  return field.includes(".") && !OTHERS.test(field);
}

/** Return the value of a field. `districtOf` gives the name of a district. */
export function changeText(t: AdminRead, field: string, text: string, districtOf = (code: string): string => code): string {
  if (isPolicyName(field)) return policyText(t, field, text);
  if (field === "districts") return text.split(", ").map((one) => (one === "*" ? t("whole_state") : districtOf(one))).join(", ");
  const codes = CODES[field];
  if (codes !== undefined) return text.split(", ").map((one) => codeText(t, codes, one)).join(", ");
  return text.split("; ").map((one) => spanText(t, codeText(t, "said", one))).join("; ");
}

function policyText(t: AdminRead, field: string, text: string): string {
  try {
    return valueText(field, JSON.parse(text), t.language);
  } catch {
    return text;
  }
}

/** Times in Indian time, with what stands before them, and days of the week by name. */
function spanText(t: AdminRead, text: string): string {
  return text
    .replaceAll(SPAN, (_, before: string | undefined, time: string) => {
      const at = `${dayText(Date.parse(time))} ${minuteText(Date.parse(time))} IST`;
      if (before === undefined) return at;
      return t(before === "from " ? "said_from" : "said_until", { at });
    })
    .replaceAll(DAY, (_, number: string) => dayName(Number(number), t.language));
}

function codeText(t: AdminRead, beginning: string, code: string): string {
  const key = `${beginning}.${code.replaceAll(/[ ,]+/g, "_")}`;
  return t.has(key) ? t(key) : code;
}
