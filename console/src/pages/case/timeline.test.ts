import assert from "node:assert/strict";
import { test } from "node:test";

import { catalogue, type Read } from "../../text/catalogue.ts";
import { flagSaid } from "./flags.ts";
import { type Entry, rowsOf } from "./timeline.ts";

let seq = 0;

function event(at: string, kind: Entry["kind"] = "answer_received"): Entry {
  seq += 1;
  return { seq, kind, at: `2026-11-${at}+05:30`, actor: "system", text: kind };
}

const LOG: readonly Entry[] = [
  event("27T14:03:05", "document_issued"),
  event("27T14:02:00", "level_reached"),
  event("27T14:01:00", "request_delivered"),
  event("27T14:00:00", "answer_received"),
  event("24T17:22:40", "fir_registered"),
  event("24T17:20:00", "request_delivered"),
];

test("the short timeline folds what machines do, with its time and its number", () => {
  const rows = rowsOf(LOG, true);
  assert.deepEqual(
    rows.map((row) => (row.what === "gap" ? row.held.length : row.what === "day" ? row.day : row.entry.kind)),
    ["27-11-2026", "document_issued", 2, "answer_received", 0, "24-11-2026", "fir_registered", 1],
  );
});

test("the whole timeline has every event, and says only idle time", () => {
  const rows = rowsOf(LOG, false);
  assert.equal(rows.filter((row) => row.what === "event").length, LOG.length);
  const [gap] = rows.filter((row) => row.what === "gap");
  assert.ok(gap?.what === "gap");
  assert.equal(gap.held.length, 0);
  assert.equal(gap.to - gap.from, Date.parse("2026-11-27T14:00:00+05:30") - Date.parse("2026-11-24T17:22:40+05:30"));
});

test("no events are no rows", () => assert.deepEqual(rowsOf([], true), []));

test("a flag is said in the language of the page, with the names of banks", () => {
  const texts = {
    "hop_flag.bank_names_another_account": "{bank} के अनुसार राशि दूसरे खाते में गई: {account}।",
    "hop_flag.known_in_another_case": "यह लेन-देन मामला {case} में भी है।",
  };
  const read = catalogue(texts, texts).now() as Read<string>;
  const said = (code: string, message: string) => flagSaid(read, { field: "", code, message }, (bank) => `${bank} Bank`);
  const other = said("bank_names_another_account", "HDFC says that the money went to account 000123");
  assert.deepEqual(other, { text: "HDFC Bank के अनुसार राशि दूसरे खाते में गई: 000123।" });
  assert.match(said("known_in_another_case", "this transfer is in case 32411265000000").text, /मामला 32411265000000 में/);
  assert.deepEqual(said("a_new_flag", "a new message"), { text: "a new message", lang: "en" });
});
