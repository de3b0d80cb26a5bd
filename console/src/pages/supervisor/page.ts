import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "supervisor",
  order: 5,
  roles: ["supervisor", "admin", "auditor"],
  firstOf: ["supervisor", "auditor"],
  keys: "g v",
  routes: [{ path: "/supervisor", load: () => import("./Supervisor.tsx") }],
};
