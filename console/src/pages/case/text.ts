import en from "../../../text/en/case.json";
import hi from "../../../text/hi/case.json";
import { catalogue, type Read } from "../../text/catalogue.ts";

export const caseText = catalogue(en, hi);

export type CaseRead = ReturnType<typeof caseText.use>;

/** Return the text of a code of the API, or the code itself, which a newer server may have. */
export function worded<Key extends string>(t: Read<Key>, beginning: string, code: string): string {
  const key = `${beginning}.${code}`;
  return t.has(key) ? t(key) : code.replaceAll("_", " ");
}
