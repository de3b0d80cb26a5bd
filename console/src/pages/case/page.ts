import type { QueryClient } from "@tanstack/react-query";

import type { Page } from "../../app/pages.ts";
import { session } from "../../app/session.ts";
import { caseOf, LEGS, layoutOf } from "./data.ts";

export const page: Page = {
  name: "case",
  order: 3,
  roles: ["desk", "supervisor", "auditor", "admin", "io", "dy_sp", "sp", "district_gro", "state_gro"],
  keys: "g s",
  routes: [
    { path: "/case", load: () => import("./CaseList.tsx") },
    {
      path: "/case/$ackNo",
      load: () => import("./Case.tsx"),
      readAhead: (client, { params }) => readAhead(client, params["ackNo"] ?? ""),
    },
  ],
};

/** Read the case and then its picture, which takes longest. A case that is refused has no picture to ask for. */
async function readAhead(client: QueryClient, ackNo: string): Promise<void> {
  const [view, { actions }] = await Promise.all([client.fetchQuery(caseOf(ackNo)), client.ensureQueryData(session)]);
  if (actions.includes("read_trail")) await client.prefetchQuery(layoutOf(view.case_ack_no, "account", LEGS.few));
}
