import { memo, type ReactNode } from "react";

import type { Schemas } from "../../api/client.ts";
import { shortRupees } from "../../text/rupees.ts";
import { PanelTitle } from "./Heading.tsx";
import { wall, type WallText } from "./text.ts";
import { LETTERS_OF, shadeOf } from "./tiles.ts";

type District = Schemas["WallDistrict"];

/** The recent figures are read once a minute. */
const OLD_MS = 300_000;
const SHADES = [0, 1, 2, 3] as const;

const percent = (share: number): string => `${Math.round(share * 100)}%`;

/** The map of the State: a tile for each district, with its complaints of today. With `choose` a tile is a button. */
export const Districts = memo(function Districts({
  recent,
  chosen = null,
  choose,
}: {
  recent: Schemas["WallRecent"] | null;
  chosen?: string | null;
  choose?: (code: string) => void;
}): ReactNode {
  const t = wall.use();
  return (
    <section className="wall-map" aria-labelledby="wall-map">
      <PanelTitle
        id="wall-map"
        title={t("districts")}
        rule={t("districts_rule")}
        asOf={recent?.as_of ?? null}
        limitMs={OLD_MS}
      />
      <div className="wall-tiles" role="group" aria-labelledby="wall-map">
        {(recent?.districts ?? []).map((one) => (
          <Tile
            key={one.code}
            district={one}
            days={recent?.share_days ?? 0}
            isChosen={one.code === chosen}
            {...(choose && { choose: () => choose(one.code) })}
          />
        ))}
      </div>
      <ul className="wall-shades">
        {SHADES.map((shade) => (
          <li key={shade}>
            <i data-shade={shade} />
            {t(`shade.${shade}`)}
          </li>
        ))}
        <li>
          <i data-late>!</i>
          {t("shade.late")}
        </li>
        {recent !== null && recent.elsewhere > 0 && <li>{t("elsewhere", { count: recent.elsewhere })}</li>}
      </ul>
    </section>
  );
});

function Tile({
  district,
  days,
  isChosen,
  choose,
}: {
  district: District;
  days: number;
  isChosen: boolean;
  choose?: () => void;
}): ReactNode {
  const t = wall.use();
  const said = saidOf(district, days, t);
  const shared = {
    className: "wall-tile",
    "data-shade": shadeOf(district.in_play_paise),
    "data-late": district.is_late || undefined,
    style: { gridColumn: district.column + 1, gridRow: district.row + 1 },
    title: said,
  };
  const shown = (
    <>
      <span>{LETTERS_OF.get(district.code)}</span>
      <b>
        {district.complaints ?? "•"}
        {district.is_late && "!"}
      </b>
    </>
  );
  if (choose === undefined) {
    return (
      <div {...shared} role="img" aria-label={said}>
        {shown}
      </div>
    );
  }
  return (
    <button {...shared} type="button" aria-pressed={isChosen} onClick={choose}>
      {shown} <span className="sr">{said}</span>
    </button>
  );
}

/** What a tile says as a text: complaints, money, and the share of first holds in time with its interval. */
function saidOf(district: District, days: number, t: WallText): string {
  const name = t.language === "hi" ? district.hindi : district.english;
  const { complaints, judged, in_time: inTime, low, high } = district;
  const sum = shortRupees(district.in_play_paise ?? 0, t.language);
  const said = [complaints === null ? t("district_few", { name }) : t("district_said", { name, count: complaints, sum })];
  if (district.is_late) said.push(t("district_late"));
  if (judged !== null && inTime !== null && low !== null && high !== null) {
    const values = { days, count: judged, share: percent(inTime), low: percent(low), high: percent(high) };
    said.push(t("district_share", values));
  }
  return said.join(" ");
}
