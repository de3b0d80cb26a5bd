/** Catalogues of texts: one file for each page and language, with the same keys. */

import { type Language, language, useLanguage } from "./language.ts";

export type Values = Readonly<Record<string, string | number>>;
export type Entries = Readonly<Record<string, string>>;

/** Reads a text by its key. `{name}` in a text is replaced by the value of that name. */
export interface Read<Key extends string> {
  (key: Key, values?: Values): string;
  /** Read `KEY_one` or `KEY_other` by the number, which the text has as `{count}`. */
  count(key: Stem<Key>, count: number, values?: Values): string;
  /** Return whether there is a text of this key, which may come from the server. */
  has(key: string): key is Key;
  readonly language: Language;
}

type Stem<Key extends string> = Key extends `${infer Before}_other` ? Before : never;

export interface Catalogue<Key extends string> {
  use(): Read<Key>;
  now(): Read<Key>;
}

const PLACE = /\{(\w+)\}/g;

export function filled(text: string, values: Values): string {
  return text.replace(PLACE, (place, name: string) => String(values[name] ?? place));
}

export function catalogue<Texts extends Entries>(
  en: Texts,
  hi: { readonly [Key in keyof Texts]: string },
): Catalogue<keyof Texts & string> {
  type Key = keyof Texts & string;
  const readers = { en: reader<Key>("en", en), hi: reader<Key>("hi", hi) };
  return { use: () => readers[useLanguage()], now: () => readers[language()] };
}

function reader<Key extends string>(lang: Language, texts: Entries): Read<Key> {
  const read = (key: string, values: Values = {}): string => filled(texts[key] ?? key, values);
  let plural: Intl.PluralRules | undefined;
  return Object.assign(read, {
    count: (key: string, count: number, values: Values = {}): string => {
      // Made when it is needed first, because a page has many catalogues.
      plural ??= new Intl.PluralRules(lang);
      return read(`${key}_${plural.select(count) === "one" ? "one" : "other"}`, { count, ...values });
    },
    has: (key: string): key is Key => key in texts,
    language: lang,
  });
}
