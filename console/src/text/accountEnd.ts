/** The end of an account by which a person tells it from others. */

/** What a complaint has where no account is told. */
const NOT_STATED = "not stated";
const SHOWN = 4;

/** Return the last characters of an account; those of a UPI address stand before its handle, which many share. */
export function accountEnd(holder: string): string {
  if (holder === "" || holder === NOT_STATED) return "";
  const [name = "", handle] = holder.split("@");
  return handle === undefined ? `••${holder.slice(-SHOWN)}` : `••${name.slice(-SHOWN)}@${handle}`;
}
