import type { Page } from "../../app/pages.ts";

export const page: Page = {
  name: "call",
  order: 1,
  roles: ["intake", "desk", "supervisor", "admin"],
  firstOf: ["intake"],
  keys: "g c",
  routes: [
    { path: "/call", load: () => import("./Call.tsx") },
    { path: "/call/$draftId", load: () => import("./Call.tsx") },
  ],
};
