/** Which cases are behind a number of the page. */

import type { Group, Scope, Stage, Which } from "./asked.ts";

export interface Behind {
  readonly stage: Stage;
  readonly only: Which;
  readonly by: Group | null;
  readonly about: string;
  readonly scope: Scope;
}

export function queryOf({ stage, only, by, about, scope }: Behind) {
  return { stage, only, ...scope, ...(by !== null && { by, about }) };
}
