import type { Page } from "../../app/pages.ts";
import { language } from "../../text/language.ts";
import { filterOf } from "./filters.ts";
import { queue } from "./queue.ts";

export const page: Page = {
  name: "desk",
  order: 2,
  roles: ["desk", "supervisor"],
  firstOf: ["desk"],
  keys: "g d",
  routes: [
    {
      path: "/desk",
      load: () => import("./Desk.tsx"),
      readAhead: (client, { search }) => client.prefetchInfiniteQuery(queue(filterOf(search), language())),
    },
    { path: "/desk/calls", load: () => import("./CallList.tsx") },
    { path: "/desk/handover", load: () => import("./Handover.tsx") },
  ],
};
