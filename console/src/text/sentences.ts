/** Sentences of refusals, by the code of the API's problem. They are fetched with the first refusal. */

import type { Catalogue, Read, Values } from "./catalogue.ts";
import { dayText, localText, minuteText } from "./moments.ts";
import { personOf } from "./actors.ts";
import { rupees } from "./rupees.ts";

/** What a person reads of a refusal or of an act. */
export interface Said {
  readonly text: string;
  /** set where the text is the API's own English */
  readonly lang?: "en" | undefined;
  /** what the API says beside the text, in English */
  readonly more?: string | undefined;
}

/** A refusal of the API: its code, with the values that it names. */
export interface Refused {
  readonly code: string;
  readonly params: Readonly<Record<string, unknown>>;
}

type Sentences = Catalogue<string>;

const PLACE = /\{\w+\}/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Values that are codes with names of their own, and the beginning of the keys of these. */
const NAMED: Readonly<Record<string, string>> = { role: "role", allowed: "role", media: "medium" };
/** The value that says in English what the sentence leaves out. */
const IN_ENGLISH = "problem";

let sentences: Sentences | null = null;

/** Fetch the sentences. Without a line there are none, and the API's own text is shown. */
export async function fetchSentences(): Promise<void> {
  if (sentences !== null) return;
  try {
    sentences = (await import("./problemTexts.ts")).problemTexts as unknown as Sentences;
  } catch {
    sentences = null;
  }
}

/** Return what is said of a refusal in the language of the page; null if there is no sentence for it yet. */
export function saidOf(refused: Refused): Said | null {
  return sentences === null ? null : sentenceOf(sentences.now(), refused);
}

/** Return the sentence of a refusal; null if its code has none, or if a value is missing. */
export function sentenceOf(t: Read<string>, { code, params }: Refused): Said | null {
  if (code.includes(".") || !t.has(code)) return null;
  const values: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(params)) values[name] = shown(t, name, value);
  const text = t(code, values as Values);
  if (PLACE.test(text)) return null;
  const more = params[IN_ENGLISH];
  return typeof more === "string" ? { text, more } : { text };
}

function shown(t: Read<string>, name: string, value: unknown): string | number {
  if (Array.isArray(value)) return value.map((one) => shown(t, name, one)).join(isRefused(value[0]) ? " " : ", ");
  if (isRefused(value)) return `${value.ack_no}: ${sentenceOf(t, value)?.text ?? value.code}`;
  if (typeof value === "number") return name.endsWith("paise") ? rupees(value) : value;
  if (typeof value !== "string") return "";
  if (MOMENT.test(value)) return `${dayText(Date.parse(value))} ${minuteText(Date.parse(value))} IST`;
  if (DAY.test(value)) return localText(value);
  const key = `${NAMED[name]}.${value}`;
  return t.has(key) ? t(key) : personOf(value);
}

/** Whether a value is the refusal of one part of what was sent. */
function isRefused(value: unknown): value is Refused & { readonly ack_no: string } {
  return typeof value === "object" && value !== null && "code" in value && "params" in value && "ack_no" in value;
}
