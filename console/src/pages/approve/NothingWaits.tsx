import type { ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { EmptyState } from "../../parts/states.tsx";
import { dayText } from "../../text/moments.ts";
import { approve } from "./text.ts";

/** What stands in place of a file when nothing waits. */
export function NothingWaits({ first }: { first: Schemas["OfficerSteps"] | undefined }): ReactNode {
  const t = approve.use();
  const at = first?.later_at;
  return (
    <div className="opened">
      <EmptyState>
        <b>{t("empty")}</b>
        <br />
        {at ? t.count("empty.next", first.later_files ?? 0, { day: dayText(Date.parse(at)) }) : t("empty.none")}
      </EmptyState>
    </div>
  );
}
