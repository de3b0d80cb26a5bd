/** Which cases are behind a number of the page. */

import type { Schemas } from "../../api/client.ts";
import type { Group, Scope, Stage, Which } from "./asked.ts";

export type Figure = Schemas["MoneyFigure"];

export interface Behind {
  readonly stage: Stage;
  readonly only: Which;
  readonly by: Group | null;
  readonly about: string;
  /** what people call the row */
  readonly name: string;
  readonly scope: Scope;
}

export function queryOf({ stage, only, by, about, scope }: Behind) {
  return { stage, only, ...scope, ...(by !== null && { by, about }) };
}

/** A sum of money or a count of complaints over the last days. */
export interface BehindSum {
  readonly figure: Figure;
  readonly scope: Scope;
  readonly days: number;
}
