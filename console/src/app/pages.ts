/** The pages: each folder below `pages/` names itself in its `page.ts`, and its code is fetched when it is opened. */

import type { ComponentType } from "react";

import type { Schemas } from "../api/client.ts";

export type Role = Schemas["Role"];
export type PageName = "call" | "desk" | "case" | "approve" | "appeals" | "courtday" | "supervisor" | "wall" | "admin" | "bank" | "notices";

export interface PageRoute {
  /** below `/console`, with parameters such as `$ackNo` */
  readonly path: string;
  readonly load: () => Promise<{ default: ComponentType }>;
}

export interface Page {
  readonly name: PageName;
  /** place among the links of the header, from 1 */
  readonly order: number;
  /** who gets a link to it; the API decides who may read what */
  readonly roles: readonly Role[];
  /** keys that open it, such as `g c` */
  readonly keys: string;
  /** shows nothing until an officer looks for something, so no officer begins there who has another page */
  readonly isLookup?: boolean;
  /** the first route is the one of the link */
  readonly routes: readonly PageRoute[];
  /** drawn without the header and without a sign-in, such as a wall, which says itself who may read it */
  readonly isBare?: boolean;
}

const found = import.meta.glob<{ page: Page }>("../pages/*/page.ts", { eager: true });

export const PAGES: readonly Page[] = Object.values(found)
  .map((one) => one.page)
  .sort((one, other) => one.order - other.order);

/** Return the pages that an officer has links to. */
export function pagesOf(roles: readonly Role[]): readonly Page[] {
  return PAGES.filter((page) => page.roles.some((role) => roles.includes(role)));
}

/** Return the page on which an officer begins; none without a page. */
export function firstPageOf(roles: readonly Role[]): Page | undefined {
  const own = pagesOf(roles);
  return own.find((page) => !page.isLookup) ?? own[0];
}
