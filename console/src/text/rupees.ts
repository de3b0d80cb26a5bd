/** Rupees as people read, say and type them. Amounts are whole paise everywhere else. */

import type { Language } from "./language.ts";
import { plainDigits } from "./digits.ts";
import { HINDI_BELOW_100 } from "./hindiNumbers.ts";

const PAISE = 100;
const THOUSAND = 1_000;
const LAKH = 100_000;
const CRORE = 10_000_000;
/** The most that the API takes. */
export const MAX_PAISE = 10 ** 15;

const whole = new Intl.NumberFormat("en-IN", { maximumFractionDigits: 0 });
const broken = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** ₹1,38,32,000, with the paise only where there are some. */
export function rupees(paise: number): string {
  return `₹${grouped(paise)}`;
}

export function grouped(paise: number): string {
  return paise % PAISE === 0 ? whole.format(paise / PAISE) : broken.format(paise / PAISE);
}

const UNITS = {
  en: [
    [CRORE, "crore"],
    [LAKH, "lakh"],
  ],
  hi: [
    [CRORE, "करोड़"],
    [LAKH, "लाख"],
  ],
} as const;

/** ₹1.38 crore, for a glance; below a lakh the figure itself. It is rounded down, so it never says too much. */
export function shortRupees(paise: number, language: Language): string {
  const sum = paise / PAISE;
  for (const [size, unit] of UNITS[language]) {
    if (sum >= size) return `₹${Math.floor((sum / size) * 100) / 100} ${unit}`;
  }
  return rupees(paise - (paise % PAISE));
}

const ENGLISH_BELOW_20 =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const ENGLISH_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

function below100(number: number, language: Language): string {
  if (language === "hi") return HINDI_BELOW_100[number] ?? "";
  if (number < 20) return ENGLISH_BELOW_20[number] ?? "";
  const rest = number % 10;
  return `${ENGLISH_TENS[Math.floor(number / 10)]}${rest ? `-${ENGLISH_BELOW_20[rest]}` : ""}`;
}

const PARTS = {
  en: { crore: "crore", lakh: "lakh", thousand: "thousand", hundred: "hundred", paise: "paise", and: "and" },
  hi: { crore: "करोड़", lakh: "लाख", thousand: "हज़ार", hundred: "सौ", paise: "पैसे", and: "और" },
} as const;

function numberWords(number: number, language: Language): string {
  const parts = PARTS[language];
  const said: string[] = [];
  let rest = number;
  for (const [size, unit] of [
    [CRORE, parts.crore],
    [LAKH, parts.lakh],
    [THOUSAND, parts.thousand],
    [100, parts.hundred],
  ] as const) {
    const times = Math.floor(rest / size);
    if (times > 0) said.push(`${times < 100 ? below100(times, language) : numberWords(times, language)} ${unit}`);
    rest %= size;
  }
  if (rest > 0 || said.length === 0) said.push(below100(rest, language));
  return said.join(" ");
}

/** one lakh eighty-five thousand */
export function inWords(paise: number, language: Language): string {
  const parts = PARTS[language];
  const rest = paise % PAISE;
  const said = numberWords(Math.floor(paise / PAISE), language);
  return rest === 0 ? said : `${said} ${parts.and} ${below100(rest, language)} ${parts.paise}`;
}

const TYPED = /^₹?\s*([0-9][0-9, ]*)(?:\.([0-9]*))?\s*(crores?|cr|करोड़|lakhs?|lacs?|l|लाख|thousand|k|हज़ार|हजार)?\.?$/i;
const SIZES: readonly (readonly [RegExp, number])[] = [
  [/^(crores?|cr|करोड़)$/i, CRORE],
  [/^(lakhs?|lacs?|l|लाख)$/i, LAKH],
  [/^(thousand|k|हज़ार|हजार)$/i, THOUSAND],
];

/** Return the paise that a person typed, such as `185000`, `1,85,000.50`, `1.85 lakh` or `2cr`; null if it is no sum. */
export function readRupees(text: string): number | null {
  const found = TYPED.exec(plainDigits(text.trim()));
  if (found === null) return null;
  const [, before = "", after = "", unit] = found;
  const size = unit === undefined ? 1 : (SIZES.find(([pattern]) => pattern.test(unit))?.[1] ?? 1);
  if (unit === undefined && after.length > 2) return null;
  // Whole numbers only, because 1.85 has no exact binary form.
  const scale = 10 ** after.length;
  const digits = Number(before.replace(/[, ]/g, "") + after);
  const paise = (digits * size * PAISE) / scale;
  return Number.isInteger(paise) && paise > 0 && paise <= MAX_PAISE ? paise : null;
}
