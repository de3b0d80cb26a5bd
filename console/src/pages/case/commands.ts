import { commandTable } from "../../keys/commands.ts";
import { caseText } from "./text.ts";

export const caseCommands = commandTable("case", caseText, {
  trail: { keys: "1" },
  hops: { keys: "2" },
  holds: { keys: "3" },
  discrepancies: { keys: "4" },
  timeline: { keys: "5" },
  documents: { keys: "6" },
  restoration: { keys: "7" },
  police: { keys: "8" },
  complaints: { keys: "9" },
  orders: { keys: "0" },
  requests: { keys: "b" },
  add_hop: { keys: "a" },
  correct: { keys: "c" },
  evidence: { keys: "e" },
  reveal: { keys: "v" },
  whole: { keys: "z" },
  issue: { keys: "d" },
  merge: { keys: "m" },
});
