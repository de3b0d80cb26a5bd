import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { Rupees } from "../../parts/money.tsx";
import { useNow } from "../../text/clock.ts";
import { untilText } from "../../text/moments.ts";
import { endedJustNow } from "./shiftRecord.ts";
import { shifts } from "./shifts.ts";
import { desk } from "./text.ts";

/** Shifts whose band was closed. Memory only. */
const closed = new Set<number>();

/** A band for the officers who come: which shift ended, and what it left. */
export function EndedShift(): ReactNode {
  const t = desk.use();
  const now = useNow();
  const { data } = useInfiniteQuery(shifts);
  const [, setClosed] = useState(0);
  const shift = endedJustNow(data?.pages[0]?.items ?? [], now);
  if (shift === undefined || closed.has(shift.shift_id)) return null;
  return (
    <p className="came" role="status">
      <b>{t("shift.ended", { team: shift.team, at: untilText(Date.parse(shift.ends_at), now) })}</b>{" "}
      {t.count("shift.left", shift.open_items)} <Rupees paise={shift.open_paise} />.
      <Link className="btn push" to="/desk/handover" search={{ shift: shift.shift_id } as never}>
        {t("shift.read")}
      </Link>
      <button
        type="button"
        className="btn link"
        onClick={() => {
          closed.add(shift.shift_id);
          setClosed(closed.size);
        }}
      >
        {t("close_dialog")}
      </button>
    </p>
  );
}
