/** Acts of officers on a case. Each says what it does, what it needs, and how it is sent. */

import { parts } from "../../../parts/catalogue.ts";
import { isActor, personOf } from "../../../text/actors.ts";
import type { Ask, AskKind, Given, Option } from "./form.ts";
import type { ActsRead } from "./text.ts";

export interface Act {
  /** unique among the acts of one place */
  readonly name: string;
  /** on the button, and on the dialog */
  readonly title: string;
  /** what it does, and who else must agree */
  readonly says?: string;
  /** what the officer must have seen before */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly asks: readonly Ask[];
  /** whether the corrections of the victim are read again after it, which is logged */
  readonly correctsVictim?: boolean;
  readonly run: (given: Given) => Promise<unknown>;
  /** what is said after it, from what the server answered */
  readonly done?: (result: unknown) => string;
}

/** An act that may not be done now is left out of a list as `false` or null. */
export type Acts = readonly (Act | false | null | undefined)[];

/** The reason that the case log keeps. */
export function reasonAsk(): Ask {
  return { name: "reason", kind: "reason", label: parts.now()("reason") };
}

export function field(name: string, kind: AskKind, label: string, more: Partial<Ask> = {}): Ask {
  return { name, kind, label, ...more };
}

/** Options of codes of the API, each with its text. */
export function optionsOf(codes: readonly string[], text: (code: string) => string): readonly Option[] {
  return codes.map((code) => ({ value: code, label: text(code) }));
}

/** Who did the act before, for one that another officer must do. */
export function secondSays(t: ActsRead, officer: string, me: string): string {
  return isActor(me, officer) ? t("second.mine") : t("second.other", { officer: personOf(officer) });
}
