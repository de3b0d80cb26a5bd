import { type Command, commandTable } from "../../keys/commands.ts";
import { call } from "./text.ts";

export const callCommands = commandTable("call", call, {
  send: { keys: "$mod+Enter" },
  add_told: { keys: "$mod+Enter" },
  new: { keys: "Alt+KeyN" },
  waiting: { keys: "Alt+KeyM" },
  hand_over: { keys: "Alt+KeyP" },
  end: { keys: "Alt+KeyW" },
  finish: { keys: "Alt+KeyF" },
  add: { keys: "Alt+KeyA" },
  read_out: { keys: "Alt+KeyR" },
});

const OPEN_MOST = 9;

/** The commands that open the half-done calls, by their place. */
export const openCommands: readonly Command[] = Array.from({ length: OPEN_MOST }, (_, index) => ({
  id: `call.open.${index + 1}`,
  keys: `Alt+Digit${index + 1}`,
  inFields: true,
  inDialogs: false,
  label: () => call.now()("open_call", { number: index + 1 }),
}));
