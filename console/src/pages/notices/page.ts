import type { Page } from "../../app/pages.ts";

/** Opened from the bell and the account, so it has no link of its own in the header. */
export const page: Page = {
  name: "notices",
  order: 20,
  roles: [],
  keys: "g n",
  routes: [{ path: "/notices", load: () => import("./NoticeSettings.tsx") }],
};
