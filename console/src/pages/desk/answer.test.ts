import assert from "node:assert/strict";
import { test } from "node:test";

import { answerOf, faultsOf, isOddReference, lacksOf, newPart, type Spoken, unsaidPaise } from "./answer.ts";

const NOW = Date.parse("2026-11-27T14:02:31+05:30");
const SPOKEN: Spoken = { name: "Devika", designation: "", number: "011-4155 0042", at: "", callsBack: "", parts: [] };
const HELD = { ...newPart(1, 4, "held"), sum: "92,500", reference: "LN-40718" };
const MOVED = {
  ...newPart(2, 4, "moved"),
  sum: "40000",
  reference: "633113077",
  institution: "FINO",
  account: "50100000000088",
};

test("what a bank says is sent line by line, with the time of the call", () => {
  const said = { ...SPOKEN, at: "1401", parts: [HELD, MOVED, { ...newPart(3, 5, "refused"), code: "07" }] };
  assert.deepEqual(lacksOf(said, NOW), []);
  assert.deepEqual(answerOf(said, NOW), {
    speaker: { name: "Devika", designation: "", number: "011-4155 0042" },
    told_at: "2026-11-27T08:31:00.000Z",
    lines: [
      { hop: 4, kind: "held", amount_paise: 9_250_000, remarks: "LN-40718" },
      {
        hop: 4,
        kind: "moved",
        amount_paise: 4_000_000,
        remarks: "",
        reference: "633113077",
        payee: { institution: "FINO", account: "50100000000088" },
      },
      { hop: 5, kind: "refused", code: "07", remarks: "" },
    ],
  });
});

test("a bank that only calls back is an answer too", () => {
  const said = { ...SPOKEN, callsBack: "20" };
  assert.deepEqual(lacksOf(said, NOW), []);
  assert.equal(answerOf(said, NOW).calls_back_at, "2026-11-27T08:52:31.000Z");
  assert.deepEqual(lacksOf({ ...SPOKEN, callsBack: "soon" }, NOW), ["call_back"]);
});

test("what is not said, and what is odd, is seen while one types", () => {
  assert.equal(unsaidPaise(4, 14_000_000, [HELD, MOVED]), 750_000);
  assert.equal(unsaidPaise(4, 1_000_000, [HELD]), -8_250_000);
  assert.equal(unsaidPaise(4, 14_000_000, [{ ...newPart(1, 4, "refused"), code: "07" }]), 0);
  assert.deepEqual(faultsOf(newPart(1, 4, "moved")), ["sum", "reference", "institution", "account"]);
  assert.deepEqual(faultsOf({ ...newPart(1, 4, "refused"), code: "00" }), ["code"]);
  assert.equal(isOddReference("633113077"), true);
  assert.equal(isOddReference("633112904417"), false);
  assert.deepEqual(lacksOf({ ...SPOKEN, name: "", number: "branch", at: "noon" }, NOW), ["part", "name", "number", "at"]);
});
