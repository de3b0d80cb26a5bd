/** The commands of the pages. One table drives keys, palette, overlay, buttons and tests. */

import { useEffect, useRef, useSyncExternalStore } from "react";
import { tinykeys } from "tinykeys";

import type { Read } from "../text/catalogue.ts";
import { newPresses } from "./presses.ts";

export interface Command {
  readonly id: string;
  /** in the notation of tinykeys: `$mod+Enter`, `Alt+KeyN`, `g c`, `Shift+?` */
  readonly keys: string;
  /** whether it also works while a person types; always so with Ctrl or Alt */
  readonly inFields: boolean;
  /** whether it also works while a dialog is open */
  readonly inDialogs: boolean;
  readonly label: () => string;
}

export interface Told {
  readonly keys: string;
  readonly inFields?: boolean;
  readonly inDialogs?: boolean;
}

/** Make the commands of a page. The label of the command `send` is the text `cmd.send` of the catalogue. */
export function commandTable<Name extends string, Key extends string>(
  page: string,
  text: { now(): Read<Key> },
  told: Readonly<Record<Name, Told>> & ([`cmd.${Name}`] extends [Key] ? unknown : never),
): Readonly<Record<Name, Command>> {
  const made = Object.entries<Told>(told).map(([name, one]) => {
    const command: Command = {
      id: `${page}.${name}`,
      keys: one.keys,
      inFields: one.inFields ?? /\$mod|Alt|Control/.test(one.keys),
      inDialogs: one.inDialogs ?? false,
      label: () => text.now()(`cmd.${name}` as Key),
    };
    return [name, command];
  });
  return Object.fromEntries(made) as Record<Name, Command>;
}

interface Active {
  readonly command: Command;
  readonly run: () => void;
}

let active: readonly Active[] = [];
let dialogs = 0;
const listeners = new Set<() => void>();

function change(next: readonly Active[]): void {
  active = next;
  for (const listener of listeners) listener();
}

/** What can be done on the page now, the newest first. */
export function useActive(): readonly Active[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => active,
  );
}

/** Dialogs count themselves, because keys of the page behind must do nothing meanwhile. */
export function dialogOpened(): () => void {
  dialogs += 1;
  return () => {
    dialogs -= 1;
  };
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && /^(checkbox|radio|button)$/.test(target.type))
  );
}

/** Whether the space bar presses what has the focus. */
function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, input, select, summary, [role='button']") !== null;
}

const presses = newPresses();
// Before the commands, which hear the same press afterwards.
globalThis.window?.addEventListener(
  "keydown",
  (event) => {
    const begins = active.some((one) => one.command.keys.startsWith(`${event.key.toLowerCase()} `));
    presses.hear(event, begins && dialogs === 0 && !isTyping(event.target));
  },
  { capture: true },
);

/** Whether a key is not for a command: part of a letter or of two keys, held down, or a field or dialog has it. */
function isNoKeyOf(command: Command, event: KeyboardEvent): boolean {
  return (
    (!command.keys.includes(" ") && presses.isSecond(event)) ||
    (command.keys === "Space" && isPressable(event.target)) ||
    event.isComposing ||
    event.repeat ||
    (dialogs > 0 && !command.inDialogs) ||
    (!command.inFields && isTyping(event.target))
  );
}

/** Bind a command while the component is there. `run` may change at each drawing. */
export function useCommand(command: Command, run: () => void, isEnabled = true): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!isEnabled) return undefined;
    const one: Active = { command, run: () => latest.current() };
    change([one, ...active]);
    const unbind = tinykeys(
      window,
      {
        [command.keys]: (event) => {
          event.preventDefault();
          one.run();
        },
      },
      { ignore: (event) => isNoKeyOf(command, event) },
    );
    return () => {
      unbind();
      change(active.filter((other) => other !== one));
    };
  }, [command, isEnabled]);
}

const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
const NAMES: Readonly<Record<string, string>> = {
  $mod: isApple ? "⌘" : "Ctrl",
  Alt: isApple ? "⌥" : "Alt",
  Shift: "Shift",
  Enter: "Enter",
  Space: "Space",
  Escape: "Esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Period: ".",
};

/** The keys as they stand on a button: `Ctrl Enter`, `Alt N`, `G C`, `?`. */
export function keyText(keys: string): string {
  if (keys === "Shift+?") return "?";
  return keys
    .split(" ")
    .map((press) =>
      press
        .split("+")
        .map((key) => NAMES[key] ?? key.replace(/^(Key|Digit)/, "").toUpperCase())
        .join(" "),
    )
    .join(" ");
}
