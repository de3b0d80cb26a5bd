/** Tables as files: the server makes them, and the browser keeps them. */

export type Format = "csv" | "xlsx";

const TYPES: Readonly<Record<Format, string>> = {
  csv: "text/csv",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};
/** The browser needs the address of the file until it has begun to write it. */
const KEPT_MS = 60_000;

/** How a request asks for a table as a file instead of JSON. */
export function asFile(format: Format) {
  return { headers: { Accept: TYPES[format] }, parseAs: "blob" } as const;
}

/** Let the browser keep a file under this name. */
export function keepFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
