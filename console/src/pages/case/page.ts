import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "case",
  order: 3,
  roles: ["desk", "supervisor", "auditor", "admin", "io", "dy_sp", "sp", "district_gro", "state_gro"],
  keys: "g s",
  isLookup: true,
  routes: [
    { path: "/case", load: () => import("./CaseList.tsx") },
    { path: "/case/$ackNo", load: () => import("./Case.tsx") },
  ],
};
