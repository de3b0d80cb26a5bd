import type { ReactNode } from "react";

import { type Command, keyText, useCommand } from "../keys/commands.ts";
import { KeyMark } from "./KeyMark.tsx";

/** A button of a command: its name and keys come from the table, and the keys press it. */
export function CommandButton({
  command,
  run,
  isDisabled = false,
  className = "btn",
  children,
}: {
  command: Command;
  run: () => void;
  isDisabled?: boolean;
  className?: string;
  children?: ReactNode;
}): ReactNode {
  useCommand(command, run, !isDisabled);
  return (
    <button
      type="button"
      className={className}
      onClick={run}
      disabled={isDisabled}
      title={`${command.label()} (${keyText(command.keys)})`}
      aria-keyshortcuts={ariaKeys(command.keys)}
    >
      {children ?? command.label()} <KeyMark command={command} />
    </button>
  );
}

/** The keys in the notation of ARIA: `Control+Enter`, `Alt+N`. */
function ariaKeys(keys: string): string {
  return keys.replace("$mod", "Control").replace(/\b(Key|Digit)(?=[A-Z0-9])/g, "");
}
