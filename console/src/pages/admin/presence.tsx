/** Where an officer works, and whether the officer is there now. */

import type { ReactNode } from "react";

import type { Officer } from "./reads.ts";
import { admin, type AdminRead } from "./text.ts";

const WHOLE_STATE = "*";

export function districtsText(t: AdminRead, districts: readonly string[]): string {
  return districts.map((one) => (one === WHOLE_STATE ? t("whole_state") : one)).join(", ") || "–";
}

export function Presence({ officer }: { officer: Officer }): ReactNode {
  const t = admin.use();
  if (officer.disabled_at !== null) return <span className="chip bad">{t("disabled")}</span>;
  if (officer.is_absent) return <span className="chip warn">{t("absent")}</span>;
  return officer.is_on_shift ? <span className="chip good">{t("on_shift")}</span> : <span className="chip">{t("off_shift")}</span>;
}
