/** A PDF that a person chooses, as the API takes it. */

/** The API takes no larger one. */
export const PDF_MAX_BYTES = 2 * 1024 * 1024;
const CHUNK = 0x8000;

/** Return a file in Base64. */
export async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  // A call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}
