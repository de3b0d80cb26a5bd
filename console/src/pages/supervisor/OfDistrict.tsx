import type { ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { serverNow } from "../../text/clock.ts";
import { shortRupees } from "../../text/rupees.ts";
import { firstDayOf } from "./asked.ts";
import type { BehindSum } from "./behind.ts";
import { supervisor } from "./text.ts";

/** The numbers of the chosen district's tile, each with its cases. Few complaints have no number. */
export function OfDistrict({
  district,
  show,
}: {
  district: Schemas["WallDistrict"];
  show: (sum: BehindSum) => void;
}): ReactNode {
  const t = supervisor.use();
  const name = t.language === "hi" ? district.hindi : district.english;
  const open = (figure: "complaints" | "in_play"): void =>
    show({ figure, scope: { from: firstDayOf(serverNow(), 1), district: district.code }, days: 1 });
  return (
    <p className="figures-chosen row wrap">
      <b>{name}</b>
      <button type="button" className="btn link" onClick={() => open("complaints")}>
        {district.complaints === null ? t("tile_few") : t.count("tile_complaints", district.complaints)}
      </button>
      <button type="button" className="btn link" onClick={() => open("in_play")}>
        {t("tile_in_play", { sum: district.in_play_paise === null ? "" : shortRupees(district.in_play_paise, t.language) })}
      </button>
    </p>
  );
}
