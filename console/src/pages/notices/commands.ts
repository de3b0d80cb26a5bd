import { commandTable } from "../../keys/commands.ts";
import { noticeText } from "./text.ts";

export const noticeCommands = commandTable("notices", noticeText, {
  save: { keys: "$mod+Enter" },
});
