import { commandTable } from "../../keys/commands.ts";
import { supervisor } from "./text.ts";

export const supervisorCommands = commandTable("supervisor", supervisor, {
  csv: { keys: "e" },
  xlsx: { keys: "Shift+E" },
});
