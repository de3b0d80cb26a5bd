import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "appeals",
  order: 6,
  roles: ["io", "dy_sp", "sp", "district_gro", "state_gro", "desk", "supervisor", "admin", "auditor"],
  firstOf: ["district_gro", "state_gro"],
  keys: "g p",
  routes: [{ path: "/appeals", load: () => import("./Appeals.tsx") }],
};
