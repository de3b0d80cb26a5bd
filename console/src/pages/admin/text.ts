import en from "../../../text/en/admin.json";
import hi from "../../../text/hi/admin.json";
import { catalogue, type Read } from "../../text/catalogue.ts";

export const admin = catalogue(en, hi);

export type AdminRead = ReturnType<typeof admin.use>;

/** Return the text of a code of the API, or the code itself, which a newer server may have. */
export function named<Key extends string>(t: Read<Key>, beginning: string, code: string): string {
  const key = `${beginning}.${code}`;
  return t.has(key) ? t(key) : code.replaceAll("_", " ");
}

/** Return a person of the log as people read one: the id alone, or what acted instead of an officer. */
export function actorText(t: AdminRead, actor: string): string {
  const [kind = "", id = ""] = actor.split(/:(.*)/s);
  if (kind === "officer") return id;
  return kind === "command" ? t("by_command", { user: id }) : actor;
}
