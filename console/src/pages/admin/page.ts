import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "admin",
  order: 8,
  roles: ["admin", "supervisor", "auditor"],
  firstOf: ["admin"],
  keys: "g o",
  routes: [
    { path: "/officers", load: () => import("./Officers.tsx") },
    { path: "/teams", load: () => import("./Teams.tsx") },
    { path: "/directory", load: () => import("./Directory.tsx") },
    { path: "/directory/$code", load: () => import("./Institution.tsx") },
    { path: "/policy", load: () => import("./Policy.tsx") },
    { path: "/changes", load: () => import("./Changes.tsx") },
    { path: "/displays", load: () => import("./Displays.tsx") },
  ],
};
