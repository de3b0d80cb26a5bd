/** Where an officer works, and whether the officer is there now. */

import type { ReactNode } from "react";

import { useDistrictName } from "../../parts/names.ts";
import type { Officer } from "./reads.ts";
import { admin } from "./text.ts";

const WHOLE_STATE = "*";

/** Return what names the districts of an officer or a team. */
export function useDistrictsText(): (districts: readonly string[]) => string {
  const t = admin.use();
  const nameOf = useDistrictName();
  return (districts) => districts.map((one) => (one === WHOLE_STATE ? t("whole_state") : nameOf(one))).join(", ") || "–";
}

export function Presence({ officer }: { officer: Officer }): ReactNode {
  const t = admin.use();
  if (officer.disabled_at !== null) return <span className="chip bad">{t("disabled")}</span>;
  if (officer.is_absent) return <span className="chip warn">{t("absent")}</span>;
  return officer.is_on_shift ? <span className="chip good">{t("on_shift")}</span> : <span className="chip">{t("off_shift")}</span>;
}
