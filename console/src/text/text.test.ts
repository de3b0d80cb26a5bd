import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { SentEvents } from "../api/sse.ts";
import { accountEnd } from "./accountEnd.ts";
import { catalogue, filled, type Read } from "./catalogue.ts";
import { localText, momentText, rangeText, readMoment, spanText, timeText, untilText } from "./moments.ts";
import { inWords, readRupees, rupees, shortRupees } from "./rupees.ts";
import { sentenceOf } from "./sentences.ts";

const FOLDER = new URL("../../text/", import.meta.url);
/** The key of a text, which begins a line. */
const KEY = /^ *"([^"]+)":/gm;
const PLACES = /\{\w+\}/g;
/** 27 November 2026, 14:02:31 in India. */
const NOW = Date.parse("2026-11-27T14:02:31+05:30");

function texts(language: string, file: string): Record<string, string> {
  const written = readFileSync(new URL(`${language}/${file}`, FOLDER), "utf8");
  const read = JSON.parse(written) as Record<string, string>;
  // Of a key that is written twice, only the last text is read.
  assert.deepEqual([...written.matchAll(KEY)].map(([, key]) => key), Object.keys(read), `${language}/${file}`);
  return read;
}

test("every text is in both languages, with the same places for values", () => {
  const files = readdirSync(new URL("en/", FOLDER));
  assert.deepEqual(readdirSync(new URL("hi/", FOLDER)), files);
  for (const file of files) {
    const [en, hi] = [texts("en", file), texts("hi", file)];
    assert.deepEqual(Object.keys(hi).sort(), Object.keys(en).sort(), file);
    for (const [key, text] of Object.entries(en)) {
      assert.deepEqual((hi[key]?.match(PLACES) ?? []).sort(), (text.match(PLACES) ?? []).sort(), `${file}: ${key}`);
      assert.notEqual(hi[key]?.trim(), "", `${file}: ${key}`);
    }
  }
});

test("a text is filled, and a place without a value is seen", () => {
  assert.equal(filled("{a} of {b}", { a: 1 }), "1 of {b}");
});

test("rupees are grouped as in India, and said in lakh and crore", () => {
  assert.equal(rupees(1_383_200_000), "₹1,38,32,000");
  assert.equal(rupees(18_500_050), "₹1,85,000.50");
  assert.equal(shortRupees(1_383_200_000, "en"), "₹1.38 crore");
  assert.equal(shortRupees(21_000_000, "hi"), "₹2.1 लाख");
  assert.equal(shortRupees(9_999_900, "en"), "₹99,999");
  assert.equal(inWords(18_500_000, "en"), "one lakh eighty-five thousand");
  assert.equal(inWords(12_345_678_905, "en"), "twelve crore thirty-four lakh fifty-six thousand seven hundred eighty-nine and five paise");
  assert.equal(inWords(18_500_000, "hi"), "एक लाख पचासी हज़ार");
});

test("what a person types is read as rupees, to the paisa", () => {
  const typed: readonly (readonly [string, number | null])[] = [
    ["185000", 18_500_000],
    ["1,85,000.50", 18_500_050],
    ["₹ 1.85 lakh", 18_500_000],
    ["2cr", 2_000_000_000],
    ["1.005 lakh", 10_050_000],
    ["5k", 500_000],
    ["0", null],
    ["1.855", null],
    ["1.855555555 lakh", null],
    ["many", null],
  ];
  for (const [text, paise] of typed) assert.equal(readRupees(text), paise, text);
  assert.equal(readRupees("१.८५ लाख"), 18_500_000);
});

test("what a person types is read as a time in India", () => {
  const typed: readonly (readonly [string, string | null])[] = [
    ["1347", "2026-11-27T13:47:00"],
    ["13:47:52", "2026-11-27T13:47:52"],
    ["1:47 pm", "2026-11-27T13:47:00"],
    ["2130", "2026-11-26T21:30:00"],
    ["y 2130", "2026-11-26T21:30:00"],
    ["27-11 1347", "2026-11-27T13:47:00"],
    ["27/11/26 13:47", "2026-11-27T13:47:00"],
    ["5 dec 9:05", "2025-12-05T09:05:00"],
    ["2026-11-27T13:47:52", "2026-11-27T13:47:52"],
    ["26-11-2026", "2026-11-26"],
    ["31-02-2026", null],
    ["2561", null],
    ["noon", null],
  ];
  for (const [text, moment] of typed) assert.equal(readMoment(text, NOW), moment, text);
  assert.equal(readMoment("१३:४७", NOW), readMoment("13:47", NOW));
});

test("times are shown in India, and spans to the second", () => {
  assert.equal(timeText(NOW), "14:02:31");
  assert.equal(momentText(NOW - 86_400_000, NOW), "26-11-2026 14:02");
  const midnight = Date.parse("2026-11-28T00:00:00+05:30");
  assert.deepEqual([untilText(midnight, NOW), untilText(NOW, NOW)], ["28-11-2026 00:00", "14:02"]);
  assert.equal(rangeText(NOW, midnight), "27-11-2026 14:02–28-11-2026 00:00");
  assert.equal(localText("2026-11-27T13:47:52"), "27-11-2026 13:47:52");
  assert.equal(spanText(91_000), "1:31");
  assert.equal(spanText(86_364_000), "23:59:24");
  assert.equal(spanText(3 * 86_400_000 + 4 * 3_600_000), "3 d 4 h");
});

test("events of a stream are whole however their text is cut", () => {
  const text = ": here\n\nid: 7\nevent: task\ndata: {\"a\":\ndata: 1}\n\nid: 8\r\ndata: x\r\n\r\n";
  for (let size = 1; size < text.length; size += 1) {
    const events = new SentEvents();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...events.take(text.slice(at, at + size)));
    assert.deepEqual(found, [
      { id: "7", event: "task", data: '{"a":\n1}' },
      { id: "8", event: "message", data: "x" },
    ]);
  }
});

test("a refusal is a sentence with its sums, times, roles and officers", () => {
  const texts = {
    amount_not_free: "Only {free_paise} of {held_paise} are free.",
    task_owned: "{owner} has it until {until}.",
    role_not_allowed: "Only: {allowed}.",
    "role.sp": "superintendent",
    policy_value_refused: "Not this value.",
    parts_refused: "Correct: {refused}",
  };
  const t = catalogue(texts, texts).now() as Read<string>;
  const said = (code: string, params: Record<string, unknown>) => sentenceOf(t, { code, params });
  assert.deepEqual(said("amount_not_free", { free_paise: 18_500_000, held_paise: 0 }), { text: "Only ₹1,85,000 of ₹0 are free." });
  const owned = { owner: "officer:desk.rao", until: "2026-11-27T08:32:31Z" };
  assert.deepEqual(said("task_owned", owned), { text: "desk.rao has it until 27-11-2026 14:02 IST." });
  assert.deepEqual(said("role_not_allowed", { role: "io", allowed: ["sp", "new_role"] }), { text: "Only: superintendent, new_role." });
  assert.deepEqual(said("policy_value_refused", { problem: "must be above 0" }), { text: "Not this value.", more: "must be above 0" });
  const refused = [{ field: "orders[0]", ack_no: "21611260000017", code: "task_owned", params: owned }];
  assert.match(said("parts_refused", { refused })?.text ?? "", /^Correct: 21611260000017: desk\.rao has it/);
  // An unknown code, a value that an older server does not send, and the name of a role are no sentence.
  for (const code of ["newer_code", "task_owned", "role.sp"]) assert.equal(said(code, {}), null);
});

test("an account is told by its end, and a UPI address by what stands before its handle", () => {
  assert.deepEqual(
    ["50100000000088", "ramesh@oksbi", "not stated", ""].map(accountEnd),
    ["••0088", "••mesh@oksbi", "", ""],
  );
});
