import { type Command, commandTable } from "../../keys/commands.ts";
import { admin } from "./text.ts";

export const adminCommands = commandTable("admin", admin, {
  find: { keys: "f" },
  down: { keys: "j" },
  up: { keys: "k" },
  add: { keys: "n" },
  csv: { keys: "e" },
  xlsx: { keys: "Shift+E" },
});

export const SECTIONS = ["officers", "teams", "directory", "policy", "changes", "displays"] as const;
export type Section = (typeof SECTIONS)[number];

/** The commands that open the sections, by their place. */
export const sectionCommands: Readonly<Record<Section, Command>> = Object.fromEntries(
  SECTIONS.map((section, index) => [
    section,
    {
      id: `admin.open.${section}`,
      keys: `${index + 1}`,
      inFields: false,
      inDialogs: false,
      label: () => admin.now()("open_section", { section: admin.now()(`section.${section}`) }),
    },
  ]),
) as Record<Section, Command>;
