import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "approve",
  order: 4,
  roles: ["io", "dy_sp", "sp"],
  firstOf: ["io", "dy_sp", "sp"],
  keys: "g r",
  routes: [
    { path: "/restorations", load: () => import("./Approve.tsx") },
    { path: "/restorations/$restorationId", load: () => import("./Approve.tsx") },
  ],
};
