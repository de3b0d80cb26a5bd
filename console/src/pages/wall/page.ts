import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "wall",
  order: 9,
  roles: ["supervisor", "admin", "auditor"],
  keys: "g w",
  isBare: true,
  routes: [{ path: "/wall", load: () => import("./Wall.tsx") }],
};
