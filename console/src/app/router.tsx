/** Addresses of the pages. An address never has a telephone number, an account or a name. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { type ReactNode, useInsertionEffect } from "react";

import { whenSignedOut } from "../api/client.ts";
import { queries } from "../api/queries.ts";
import { fetchCode } from "../parts/fetchCode.ts";
import { ErrorState, LoadingState, NotFoundState } from "../parts/states.tsx";
import { type Address, firstOf, type Page, type PageRoute, PAGES } from "./pages.ts";
import { session, sessionEnded } from "./session.ts";
import { Shell } from "./Shell.tsx";

const root = createRootRoute({ notFoundComponent: NotFoundState, errorComponent: ErrorState });

/** Begin to fetch the code of a page and what it shows first, while the server says who is signed in. */
function fetchAhead(path: string | undefined, address: Address, isOpened: boolean): void {
  const route = PAGES.flatMap((page) => page.routes).find((one) => one.path === path);
  // The page fetches both again, and says what fails.
  if (route) fetchCode(route.load).catch(() => undefined);
  // A read of a case is logged, so a link below the pointer reads none.
  if (isOpened) route?.readAhead?.(queries, address).catch(() => undefined);
}

/** What officers see after the sign-in, inside the shell. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: Shell,
  errorComponent: ErrorState,
  pendingComponent: LoadingState,
  pendingMs: 400,
  beforeLoad: async ({ matches, preload }) => {
    whenSignedOut(sessionEnded);
    const match = matches.at(-1);
    fetchAhead(match?.fullPath, { params: match?.params ?? {}, search: match?.search ?? {} }, !preload);
    await queries.ensureQueryData(session);
  },
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  component: NotFoundState,
  beforeLoad: async () => {
    const { roles } = await queries.ensureQueryData(session);
    const first = firstOf(roles)?.routes[0];
    if (first) throw redirect({ to: first.path, replace: true });
  },
});

const unknown = createRoute({ getParentRoute: () => signedIn, path: "$", component: NotFoundState });

/** Fetch the code of a page. The style sheet of each page stays in the document, and its rules count below this name. */
async function styled(name: string, { load }: PageRoute): Promise<{ default: () => ReactNode }> {
  const { default: Shown } = await fetchCode(load);
  const Styled = (): ReactNode => {
    // What is drawn may measure itself, so its style comes before.
    useInsertionEffect(() => {
      document.documentElement.dataset["page"] = name;
    });
    return <Shown />;
  };
  return { default: Styled };
}

const routesOf = (pages: readonly Page[], parent: typeof root | typeof signedIn) => pages.flatMap((page) =>
  page.routes.map((one) =>
    createRoute({
      getParentRoute: () => parent,
      path: one.path,
      component: lazyRouteComponent(() => styled(page.name, one)),
      errorComponent: ErrorState,
      pendingComponent: LoadingState,
    }),
  ),
);

export const router = createRouter({
  basepath: "/console",
  routeTree: root.addChildren([
    signedIn.addChildren([home, unknown, ...routesOf(PAGES.filter((page) => !page.isBare), signedIn)]),
    ...routesOf(PAGES.filter((page) => page.isBare), root),
  ]),
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
});
