/** Public keys of banks as people paste them. */

/** Base64 of 32 bytes. */
const PUBLIC_KEY = /^[A-Za-z0-9+/]{43}=$/;
const PEM_LINES = /-----[^-]+-----|\s/g;
/** The beginning of an Ed25519 key in PEM, before its 32 bytes. */
const PEM_HEAD = "MCowBQYDK2VwAyEA";

/** Return the base64 of a key that is typed so, or in PEM. */
export function keyOf(typed: string): string {
  const text = typed.replaceAll(PEM_LINES, "");
  return text.startsWith(PEM_HEAD) ? text.slice(PEM_HEAD.length) : text;
}

export function isPublicKey(key: string): boolean {
  return PUBLIC_KEY.test(key);
}
