import type { ReactNode } from "react";

import { type Command, keyText } from "../keys/commands.ts";

/** The keys of a command, as a mark beside its name. Screen readers get them by `aria-keyshortcuts` of the button. */
export function KeyMark({ command }: { command: Command }): ReactNode {
  return <kbd aria-hidden="true">{keyText(command.keys)}</kbd>;
}
