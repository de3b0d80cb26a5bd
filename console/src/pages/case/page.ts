import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "case",
  order: 3,
  roles: ["desk", "supervisor", "auditor", "admin"],
  keys: "g s",
  routes: [
    { path: "/case", load: () => import("./CaseList.tsx") },
    { path: "/case/$ackNo", load: () => import("./Case.tsx") },
  ],
};
