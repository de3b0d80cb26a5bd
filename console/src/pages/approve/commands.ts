import { type Command, commandTable } from "../../keys/commands.ts";
import { approve } from "./text.ts";

export const approveCommands = commandTable("approve", approve, {
  down: { keys: "j" },
  up: { keys: "k" },
  next: { keys: "n" },
  whole: { keys: "o" },
  show: { keys: "s" },
  tick: { keys: "Space" },
  approve: { keys: "a" },
  send_back: { keys: "r" },
  refuse: { keys: "x" },
  simple: { keys: "b" },
  close_document: { keys: "Escape" },
  verify: { keys: "v" },
  prepare: { keys: "p" },
  take_order: { keys: "t" },
  waive_notice: { keys: "w" },
  decide_objection: { keys: "d" },
  confirm_credit_account: { keys: "c" },
});

/** Documents with a key of their own. */
export const DOCUMENTS_MOST = 6;

/** The commands that open the documents of the file, by their place. */
export const documentCommands: readonly Command[] = Array.from({ length: DOCUMENTS_MOST }, (_, index) => ({
  id: `approve.document.${index + 1}`,
  keys: `${index + 1}`,
  inFields: false,
  inDialogs: false,
  label: () => approve.now()("open_document", { number: index + 1 }),
}));
