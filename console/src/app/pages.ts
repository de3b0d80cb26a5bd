/** The pages: each folder below `pages/` names itself in its `page.ts`, and its code is fetched when it is opened. */

import type { QueryClient } from "@tanstack/react-query";
import type { ComponentType } from "react";

import type { Schemas } from "../api/client.ts";

export type Role = Schemas["Role"];
export type PageName = "call" | "desk" | "case" | "approve" | "appeals" | "courtday" | "supervisor" | "wall" | "admin" | "bank" | "notices";

/** What the address of a page names: parameters of its path, and what stands behind the question mark. */
export interface Address {
  readonly params: Readonly<Record<string, string>>;
  readonly search: Readonly<Record<string, string | number | boolean | undefined>>;
}

export interface PageRoute {
  /** below `/console`, with parameters such as `$ackNo` */
  readonly path: string;
  readonly load: () => Promise<{ default: ComponentType }>;
  /** begins to read what the page shows first, while its code is fetched and the server says who is signed in */
  readonly readAhead?: (client: QueryClient, address: Address) => Promise<void>;
}

export interface Page {
  readonly name: PageName;
  /** place among the links of the header, from 1 */
  readonly order: number;
  /** who gets a link to it; the API decides who may read what */
  readonly roles: readonly Role[];
  /** whose first page it is after the sign-in; others begin with the first of their links */
  readonly firstOf?: readonly Role[];
  /** keys that open it, such as `g c` */
  readonly keys: string;
  /** the first route is the one of the link */
  readonly routes: readonly PageRoute[];
  /** drawn without the header and without a sign-in, such as a wall, which says itself who may read it */
  readonly isBare?: boolean;
}

const found = import.meta.glob<{ page: Page }>("../pages/*/page.ts", { eager: true });

export const PAGES: readonly Page[] = Object.values(found)
  .map((one) => one.page)
  .sort((one, other) => one.order - other.order);

/** Return the page that an officer sees first. */
export function firstOf(roles: readonly Role[]): Page | undefined {
  return PAGES.find((page) => page.firstOf?.some((role) => roles.includes(role))) ?? pagesOf(roles)[0];
}

/** Return the pages that an officer has links to. */
export function pagesOf(roles: readonly Role[]): readonly Page[] {
  return PAGES.filter((page) => page.roles.some((role) => roles.includes(role)));
}
