/** Tables as files. The server writes them from the same rows as the page, so the page writes none itself. */

import { language } from "../text/language.ts";

export type Format = "csv" | "xlsx";
export const FORMATS: readonly Format[] = ["csv", "xlsx"];

const TYPES: Readonly<Record<Format, string>> = {
  csv: "text/csv",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};
/** The browser needs the address of the file until it has begun to write it. */
const KEPT_MS = 60_000;

/** How a read asks for a file instead of JSON, with headings in the language of the page. */
export function asFile(format: Format) {
  return { headers: { Accept: TYPES[format], "Accept-Language": language() }, parseAs: "blob" } as const;
}

export type FileRequest = ReturnType<typeof asFile>;

/** Let the browser keep a file. */
export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
