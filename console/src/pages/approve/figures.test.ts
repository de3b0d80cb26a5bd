import assert from "node:assert/strict";
import { test } from "node:test";

import { type Account, checksOf, fourEyesOf, grouped, headOf, isConfirmed, isOfFile, isSimple, type Step, standingOf, sumsOf, type Transfer, type View } from "./figures.ts";

const transfer = {
  agree: true,
  confirmed_by: "receiving_bank",
  entered_by: [],
  discrepancies: [],
  holder: { paise: 9_000 },
  payer: { paise: 9_000 },
} as unknown as Transfer;
const account = { held_paise: 15_200, others_claim_paise: 1_400, victim_paise: 13_820, transfers: [transfer] } as unknown as Account;
const step = { restoration_id: "a", route: "no_court", accounts: 1, is_other_account: false, is_disputed: false, prepared_by: "io" } as unknown as Step;
const view = {
  prepared_by: "IO.Verma",
  lines: [{ due_paise: 9, held_paise: 9 }],
  objections: [],
  grievances: [],
  contested: [],
  beneficiaries: [{ credit_account_id: 4, told_by: "officer:dy.rao", object_until: "2026-11-27T10:00:00Z", in_application: true }],
  court_order: { amount_paise: 8 },
} as unknown as View;

test("the foot of the table always shows a subtraction that is right", () => {
  const sums = sumsOf([account, account]);
  assert.equal(sums.held - sums.stays, sums.victim);
  assert.deepEqual(sums, { held: 30_400, others: 2_800, victim: 27_640, stays: 2_760 });
});

test("acts of one restoration are one line, in the order of the server", () => {
  const found = grouped([{ ...step, act: "approve" }, { ...step, act: "decide_objection" }, { ...step, restoration_id: "b", act: "approve" }]);
  assert.deepEqual(found.map((one) => [one.head.restoration_id, one.acts]), [["a", ["approve", "decide_objection"]], ["b", ["approve"]]]);
});

test("a voice agrees, differs, is silent, or was entered by a person", () => {
  assert.equal(standingOf(transfer, "holder"), "good");
  assert.equal(standingOf({ ...transfer, agree: false }, "payer"), "differs");
  assert.equal(standingOf({ ...transfer, entered_by: ["import"] }, "payer"), "entered");
  assert.equal(standingOf({ ...transfer, payer: { paise: null } } as unknown as Transfer, "payer"), "silent");
});

test("only what a bank itself confirms and no bank contradicts is confirmed", () => {
  assert.ok(isConfirmed(account));
  const one = (changed: Partial<Transfer>): Account => ({ ...account, transfers: [{ ...transfer, ...changed }] });
  assert.ok(isConfirmed(one({ agree: null })));
  assert.ok(!isConfirmed(one({ agree: false })));
  assert.ok(!isConfirmed(one({ confirmed_by: "telephone" })));
  assert.ok(!isConfirmed(one({ discrepancies: [{ decision: null }] as unknown as Transfer["discrepancies"] })));
});

test("a simple one has no court, one account, the account that paid, and another preparer", () => {
  const one = { head: step, acts: ["approve"] } as const;
  assert.ok(isSimple(one, "sp"));
  assert.ok(!isSimple(one, "io"));
  for (const changed of [{ route: "court" }, { accounts: 2 }, { is_other_account: true }, { is_disputed: true }]) {
    assert.ok(!isSimple({ ...one, head: { ...step, ...changed } as Step }, "sp"));
  }
  assert.ok(!isSimple({ ...one, acts: ["prepare"] }, "sp"));
});

test("the checks follow the file, and the time to object follows the clock", () => {
  const at = Date.parse("2026-11-27T09:59:59Z");
  const bad = (found: View, now: number): string[] => checksOf(found, now).filter((one) => !one.isGood).map((one) => one.name);
  assert.deepEqual(bad(view, at), ["objection_time", "order"]);
  assert.deepEqual(bad({ ...view, grievances: [{}] } as unknown as View, at + 1000), ["disputes", "order"]);
});

test("who prepared it, or told the account, does not approve it", () => {
  assert.equal(fourEyesOf(view, "io.verma"), "prepared");
  assert.equal(fourEyesOf(view, "DY.Rao"), "told");
  assert.equal(fourEyesOf(view, "sp.singh"), null);
});

test("a file has the documents of its case and its own, and none of another victim", () => {
  const file = { ack_no: "1", restoration_id: "r" };
  const given = [{}, { ack_no: "1" }, { restoration_id: "r" }, { ack_no: "2" }, { restoration_id: "s" }];
  assert.deepEqual(given.map((links) => isOfFile(links, file)), [true, true, true, false, false]);
});

test("the head of a file says what became of its sum", () => {
  const file = { state: "open", prepared_by: "io", restored_paise: 0 } as const;
  assert.equal(headOf({ ...file, prepared_by: null }, 100), "on_hold_for");
  assert.equal(headOf({ ...file, restored_paise: 40 }, 100), "give_back");
  assert.equal(headOf({ ...file, restored_paise: 100 }, 100), "given_back");
  assert.equal(headOf({ ...file, state: "cancelled" }, 100), "not_given_back");
});
