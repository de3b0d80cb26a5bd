import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "courtday",
  order: 7,
  roles: ["io", "dy_sp", "sp", "desk", "supervisor", "admin", "auditor"],
  keys: "g j",
  routes: [{ path: "/court-day", load: () => import("./CourtDay.tsx") }],
};
