/** Files that the browser keeps. */

/** The browser needs the address of the file until it has begun to write it. */
const KEPT_MS = 60_000;

export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
