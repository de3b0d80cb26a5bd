/** A day of the Lok Adalat, a court or the District Magistrate: the files as a list, and the orders to confirm. */

import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import "./courtday.css";

import { useSession } from "../../app/session.ts";
import { useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { useDownload } from "../../parts/FileButtons.tsx";
import { useDistrictName } from "../../parts/names.ts";
import { localText } from "../../text/moments.ts";
import { type Asked, type Route, ROUTES } from "./asked.ts";
import { courtdayCommands } from "./commands.ts";
import { Files } from "./Files.tsx";
import { Orders } from "./Orders.tsx";
import { files, orders, tableOf, useAsked, useLive } from "./reads.ts";
import { courtday } from "./text.ts";

export default function CourtDay(): ReactNode {
  const t = courtday.use();
  const [asked, change] = useAsked();
  useLive();
  useCommand(courtdayCommands.files, () => change({ list: "files" }));
  useCommand(courtdayCommands.orders, () => change({ list: "orders" }));
  return (
    <main className="courtday">
      <h1 className="sr no-print">{t("title")}</h1>
      <header className="courtday-print">
        <h1>{t("print.title", { route: t(`route.${asked.route}`), day: localText(asked.heard || asked.on) })}</h1>
        <PrintedWhere asked={asked} />
      </header>
      <Lists asked={asked} change={change} />
      {asked.list === "files" && (
        <>
          <Choices asked={asked} change={change} />
          <Files asked={asked} />
        </>
      )}
      {asked.list === "orders" && <Orders />}
      <p className="courtday-print courtday-signs">
        <span>{t("print.bench")}</span>
        <span>{t("print.officer")}</span>
      </p>
    </main>
  );
}

/** The court and the district of the print; what the officer did not name has no line. */
function PrintedWhere({ asked }: { asked: Asked }): ReactNode {
  const t = courtday.use();
  const districtOf = useDistrictName();
  const named = [asked.court, asked.district && `${t("district")}: ${districtOf(asked.district)}`].filter(Boolean);
  return named.length > 0 && <p>{named.join(" · ")}</p>;
}

interface Choosing {
  readonly asked: Asked;
  readonly change: (changes: Partial<Asked>) => void;
}

/** The two lists, with how many orders wait. */
function Lists({ asked, change }: Choosing): ReactNode {
  const t = courtday.use();
  const { actions } = useSession();
  const waiting = useInfiniteQuery({ ...orders, enabled: actions.includes("read_police") }).data?.pages;
  const count = waiting?.reduce((sum, page) => sum + page.items.length, 0);
  return (
    <nav className="courtday-lists row wrap" aria-label={t("lists")}>
      <span className="seg">
        {(["files", "orders"] as const).map((list) => (
          <button
            key={list}
            type="button"
            className="seg-part"
            aria-pressed={list === asked.list}
            data-selected={list === asked.list || undefined}
            onClick={() => change({ list })}
          >
            {t(`list.${list}`)}
            {list === "orders" && count !== undefined && ` ${count}`}
          </button>
        ))}
      </span>
      <span className="mut sm">{t(`means.${asked.list}`)}</span>
    </nav>
  );
}

/** Which files: route, day, court and district. Each choice goes into the address at once. */
function Choices({ asked, change }: Choosing): ReactNode {
  const t = courtday.use();
  const districts = useInfiniteQuery(files({ ...asked, district: "" })).data?.pages ?? [];
  const found = districts.flatMap((page) => page.items.map((one) => one.district));
  const known = [...new Set(asked.district === "" ? found : [...found, asked.district])].sort();
  const districtOf = useDistrictName();
  const download = useDownload(`court-day-${asked.heard || asked.on}`, (how) => tableOf(asked, how));
  return (
    <form className="courtday-choices" role="search" aria-label={t("choices")} onSubmit={(event) => event.preventDefault()}>
      <label>
        {t("route")}
        <select className="in" value={asked.route} onChange={(event) => change({ route: event.target.value as Route })}>
          {ROUTES.map((one) => (
            <option key={one} value={one}>
              {t(`route.${one}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("on")}
        <input className="in" type="date" required value={asked.on} onChange={(event) => event.target.value && change({ on: event.target.value })} />
      </label>
      <label>
        {t("heard")}
        <input className="in" type="date" value={asked.heard} onChange={(event) => change({ heard: event.target.value })} />
      </label>
      <Typed label={t("court")} value={asked.court} set={(court) => change({ court })} />
      <label>
        {t("district")}
        <select className="in" value={asked.district} onChange={(event) => change({ district: event.target.value })}>
          <option value="">{t("every_district")}</option>
          {known.map((one) => (
            <option key={one} value={one}>
              {districtOf(one)}
            </option>
          ))}
        </select>
      </label>
      <span className="row push">
        <CommandButton command={courtdayCommands.csv} run={() => download.act("csv")} isDisabled={download.isRunning} />
        <CommandButton command={courtdayCommands.xlsx} run={() => download.act("xlsx")} isDisabled={download.isRunning} />
        <CommandButton command={courtdayCommands.print} run={() => print()} />
      </span>
    </form>
  );
}

/** A text that counts when the field is left or Enter is pressed, because each letter would read the list again. */
function Typed({
  label,
  value,
  set,
}: {
  label: string;
  value: string;
  set: (text: string) => void;
}): ReactNode {
  return (
    <label className="wide">
      {label}
      <input
        // Another address begins with its own text.
        key={value}
        className="in"
        maxLength={200}
        defaultValue={value}
        onBlur={(event) => event.target.value.trim() !== value && set(event.target.value.trim())}
        onKeyDown={(event) => event.key === "Enter" && set(event.currentTarget.value.trim())}
      />
    </label>
  );
}
