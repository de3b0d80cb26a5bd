import { type Command, commandTable } from "../../keys/commands.ts";
import { desk } from "./text.ts";

export const deskCommands = commandTable("desk", desk, {
  down: { keys: "j" },
  up: { keys: "k" },
  next: { keys: "n" },
  select: { keys: "x" },
  select_all: { keys: "Shift+A" },
  clear: { keys: "Escape" },
  take: { keys: "t" },
  take_over: { keys: "o" },
  pass_on: { keys: "a" },
  snooze: { keys: "z" },
  release: { keys: "u" },
  close: { keys: "e" },
  ask_again: { keys: "r" },
  dial: { keys: "c" },
  filter: { keys: "f" },
  save_view: { keys: "v" },
  show_new: { keys: "." },
  book: { keys: "$mod+Enter" },
  call_list: { keys: "p" },
  handover: { keys: "g h" },
  handover_note: { keys: "w" },
});

/** Views with a key of their own. */
export const VIEWS_MOST = 9;

/** The commands that open the views, by their place. */
export const viewCommands: readonly Command[] = Array.from({ length: VIEWS_MOST }, (_, index) => ({
  id: `desk.view.${index + 1}`,
  keys: `${index + 1}`,
  inFields: false,
  inDialogs: false,
  label: () => desk.now()("open_view", { number: index + 1 }),
}));
