import assert from "node:assert/strict";
import { test } from "node:test";

import { bankText, districtsFor, type Institution, institutionsFor, ofAddress, readBank } from "./institutions.ts";

function bank(code: string, name: string, more: Partial<Institution> = {}): Institution {
  return { code, name, aliases: [], ifsc_prefixes: [code], vpa_handles: [], ...more };
}

const ALL = [
  bank("SBIN", "State Bank of India", { aliases: ["SBI"], vpa_handles: ["sbi"] }),
  bank("KKBK", "Kotak Mahindra Bank", { vpa_handles: ["kotak"] }),
  bank("UBIN", "Union Bank of India"),
  bank("SBIX", "Co-operative Bank", { ifsc_prefixes: ["SBIN0CO"] }),
];

function codes(typed: string): readonly string[] {
  return institutionsFor(typed, ALL).map((one) => one.code);
}

test("a bank is found by alias, beginning, initials and parts of its name", () => {
  assert.equal(codes("sbi")[0], "SBIN");
  assert.equal(codes("kot")[0], "KKBK");
  assert.equal(codes("ubi")[0], "UBIN");
  assert.deepEqual(codes("bank union"), ["UBIN"]);
  assert.deepEqual(codes("nothing"), []);
});

test("a district is found by the beginning of its name in English or Hindi", () => {
  const all = [
    { code: "kanpur_nagar", english: "Kanpur Nagar", hindi: "कानपुर नगर" },
    { code: "agra", english: "Agra", hindi: "आगरा" },
  ];
  const names = (typed: string) => districtsFor(typed, all).map((one) => one.english);
  assert.deepEqual(names("kan"), ["Kanpur Nagar"]);
  assert.deepEqual(names("आग"), ["Agra"]);
  assert.deepEqual(names("Patna"), []);
});

test("an IFSC and a UPI address name their bank by themselves", () => {
  assert.deepEqual(codes("SBIN0004217"), []);
  assert.equal(ofAddress("sbin0004217", ALL)?.code, "SBIN");
  assert.equal(ofAddress("SBIN0CO0001", ALL)?.code, "SBIX");
  assert.equal(ofAddress("rk.trade@KOTAK", ALL)?.code, "KKBK");
  assert.equal(ofAddress("HDFC0000001", ALL), undefined);
});

test("what is typed goes to the field that it is", () => {
  assert.deepEqual(readBank("sbin0004217", {}), { institution: "", ifsc: "SBIN0004217" });
  assert.deepEqual(readBank("a@kotak", {}), { institution: "", ifsc: "", vpa: "a@kotak" });
  assert.deepEqual(readBank("some bank", {}), { institution: "some bank", ifsc: "" });
  assert.equal(bankText({ institution: "SBIN" }, ALL), "State Bank of India");
});

test("a bank that is named beside a UPI address leaves the address, and an empty field takes its own away", () => {
  assert.ok(!("vpa" in readBank("kot", { vpa: "a@kotak" })));
  assert.ok(!("vpa" in readBank("", { institution: "KKBK", vpa: "a@kotak" })));
  assert.equal(readBank("", { vpa: "a@kotak" }).vpa, "");
});
