import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "desk",
  order: 2,
  roles: ["desk", "supervisor"],
  firstOf: ["desk"],
  keys: "g d",
  routes: [
    { path: "/desk", load: () => import("./Desk.tsx") },
    { path: "/desk/calls", load: () => import("./CallList.tsx") },
    { path: "/desk/handover", load: () => import("./Handover.tsx") },
  ],
};
