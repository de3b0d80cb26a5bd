/** Commands that every page has. */

import en from "../../text/en/shell.json";
import hi from "../../text/hi/shell.json";
import { type Command, commandTable } from "../keys/commands.ts";
import { catalogue } from "../text/catalogue.ts";
import { type PageName, PAGES } from "./pages.ts";

export const shell = catalogue(en, hi);

export const shellCommands = commandTable("shell", shell, {
  palette: { keys: "$mod+KeyK" },
  keys: { keys: "Shift+?" },
  find: { keys: "/" },
  language: { keys: "g l" },
  theme: { keys: "g t" },
  notices: { keys: "g i" },
});

/** The command that opens each page. */
export const pageCommands: ReadonlyMap<PageName, Command> = new Map(
  PAGES.map((page) => [
    page.name,
    {
      id: `shell.open.${page.name}`,
      keys: page.keys,
      inFields: false,
      inDialogs: false,
      label: () => shell.now()("open", { page: shell.now()(`nav.${page.name}`) }),
    },
  ]),
);
