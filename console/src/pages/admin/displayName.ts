/** Names of displays: the API takes small letters, digits, and . _ - without blanks. */

const NAME = /^[a-z0-9][a-z0-9._-]{0,47}$/;

/** Return the name that is made of what is typed; null if it has other characters. */
export function displayName(typed: string): string | null {
  const name = typed.trim().toLowerCase().replaceAll(/\s+/g, "-");
  return NAME.test(name) ? name : null;
}
