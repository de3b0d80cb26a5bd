import { commandTable } from "../../keys/commands.ts";
import { appeals } from "./text.ts";

export const appealCommands = commandTable("appeals", appeals, {
  mine: { keys: "1" },
  all: { keys: "2" },
  small: { keys: "3" },
  down: { keys: "j" },
  up: { keys: "k" },
  whole_case: { keys: "o" },
  report: { keys: "r" },
  decide: { keys: "d" },
  hear: { keys: "h" },
  confirm: { keys: "a" },
  reject: { keys: "x" },
  escalate: { keys: "e" },
  appeal_on: { keys: "u" },
  withdraw: { keys: "w" },
  keep_small: { keys: "p" },
  release_small: { keys: "s" },
  file: { keys: "f" },
  officers: { keys: "m" },
});
