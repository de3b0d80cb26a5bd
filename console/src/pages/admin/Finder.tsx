import { type ReactNode, useRef } from "react";

import { useCommand } from "../../keys/commands.ts";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { adminCommands } from "./commands.ts";

/** The field that narrows a list, with its key. */
export function Finder({
  label,
  text,
  change,
}: {
  label: string;
  text: string;
  change: (text: string) => void;
}): ReactNode {
  const place = useRef<HTMLInputElement>(null);
  useCommand(adminCommands.find, () => place.current?.focus());
  return (
    <span className="admin-find">
      <input
        ref={place}
        className="in"
        type="search"
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => change(event.target.value)}
      />
      <KeyMark command={adminCommands.find} />
    </span>
  );
}
