import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { newPresses, type Press } from "./presses.ts";

const FOLDER = new URL("../", import.meta.url);
/** Commands of one page that are never there together: the form, and what was sent. */
const APART = ["$mod+Enter"];

function keysOf(file: string): string[] {
  const at = new URL(file, FOLDER);
  if (!existsSync(at)) return [];
  return [...readFileSync(at, "utf8").matchAll(/\bkeys: "([^"]+)"/g)].map(([, keys]) => keys ?? "");
}

function twice(keys: readonly string[]): string[] {
  return keys.filter((one, index) => keys.indexOf(one) !== index && !APART.includes(one));
}

test("no keys are of two commands of the header, of the pages, or of one page", () => {
  const pages = readdirSync(new URL("pages/", FOLDER));
  const everywhere = [...keysOf("app/commands.ts"), ...pages.flatMap((page) => keysOf(`pages/${page}/page.ts`))];
  assert.ok(everywhere.length > pages.length);
  assert.deepEqual(twice(everywhere), []);
  for (const page of pages) {
    assert.deepEqual(twice([...everywhere, ...keysOf(`pages/${page}/commands.ts`)]), [], page);
  }
});

function press(key: string, timeStamp: number, more: Partial<Press> = {}): Press {
  return { key, timeStamp, ctrlKey: false, metaKey: false, altKey: false, ...more };
}

/** Whether the last of these presses is a second one. `g` begins two keys. */
function isSecond(...all: readonly Press[]): boolean {
  const presses = newPresses();
  for (const one of all) presses.hear(one, one.key === "g");
  return presses.isSecond(all.at(-1) as Press);
}

test("the second of two keys is no command of its own", () => {
  assert.equal(isSecond(press("t", 0)), false);
  assert.equal(isSecond(press("g", 0), press("t", 900)), true);
  assert.equal(isSecond(press("g", 0), press("t", 1100)), false);
  assert.equal(isSecond(press("g", 0), press("t", 100), press("n", 200)), false);
  assert.equal(isSecond(press("g", 0), press("Shift", 50), press("A", 100)), true);
  assert.equal(isSecond(press("g", 0), press("Enter", 100, { ctrlKey: true })), false);
  assert.equal(isSecond(press("g", 0, { ctrlKey: true }), press("t", 100)), false);
});
