import { commandTable } from "../../keys/commands.ts";
import { courtday } from "./text.ts";

export const courtdayCommands = commandTable("courtday", courtday, {
  files: { keys: "1" },
  orders: { keys: "2" },
  down: { keys: "j" },
  up: { keys: "k" },
  tick: { keys: "x" },
  tick_ready: { keys: "Shift+A" },
  clear: { keys: "Escape" },
  record: { keys: "t" },
  hearing: { keys: "h" },
  go_on: { keys: "n" },
  confirm: { keys: "a" },
  csv: { keys: "c" },
  xlsx: { keys: "Shift+C" },
  print: { keys: "p" },
});
