import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";

import { Rupees } from "../../parts/money.tsx";
import { useBankName, useDistrictName } from "../../parts/names.ts";
import { Moment } from "../../parts/time.tsx";
import { localText } from "../../text/moments.ts";
import type { Line } from "./asked.ts";
import { courtday } from "./text.ts";

/** One file of the day. What is missing is said in text, not by a colour alone. */
export function FileRow({
  line,
  isCurrent,
  isTicked,
  mayTick,
  tick,
}: {
  line: Line;
  isCurrent: boolean;
  isTicked: boolean;
  mayTick: boolean;
  tick: () => void;
}): ReactNode {
  const t = courtday.use();
  const bankOf = useBankName();
  const districtOf = useDistrictName();
  const place = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isCurrent) place.current?.scrollIntoView({ block: "nearest" });
  }, [isCurrent]);
  const shown = line.accounts.filter((one) => one.held_paise > 0 || line.accounts.length === 1);
  return (
    <tr ref={place} aria-current={isCurrent || undefined}>
      <td className="no-print">
        <label className="courtday-tick">
          <input type="checkbox" checked={isTicked} disabled={!mayTick} onChange={tick} />
          <span className="sr">{t("tick_one", { number: line.ack_no })}</span>
        </label>
      </td>
      <td className="nw">
        <Link to="/case/$ackNo" params={{ ackNo: line.case_ack_no }} className="mono">
          {line.ack_no}
        </Link>
        {line.round_no > 1 && <span className="xs mut"> {t("round", { round: line.round_no })}</span>}
      </td>
      <td className="num b">
        <Rupees paise={line.held_paise} />
      </td>
      <td>
        {shown.map((one) => (
          <div key={`${one.institution} ${one.account_end}`} className="nw">
            {bankOf(one.institution)} <span className="mono">••{one.account_end}</span>
            {shown.length > 1 && (
              <>
                {" "}
                <Rupees paise={one.held_paise} />
              </>
            )}
          </div>
        ))}
      </td>
      <td>{districtOf(line.district)}</td>
      <td>
        <Ready line={line} />
      </td>
      <td className="nw">
        {line.due_at !== null && <Moment at={Date.parse(line.due_at)} />}
        {line.overdue && <div className="xs b bad">{t("late")}</div>}
      </td>
      <td className="nw">
        {line.hearing === null ? (
          <span className="mut">–</span>
        ) : (
          <>
            <b>{localText(line.hearing.held_on)}</b>
            <div className="xs mut">{line.hearing.court}</div>
          </>
        )}
      </td>
      <td>
        <span className={line.standing === "taken" ? "chip good" : line.standing === "waits" ? "chip" : "chip warn"}>
          {t(`standing.${line.standing}`)}
        </span>
        {line.order && (
          <div className="xs mut">
            {t(`effect.${line.order.effect}`)} · {line.order.order_no} · {localText(line.order.made_on)}
          </div>
        )}
      </td>
    </tr>
  );
}

/** Whether the petitioner's documents are there, and what stands against it. */
function Ready({ line }: { line: Line }): ReactNode {
  const t = courtday.use();
  const notes: readonly (readonly [boolean, string])[] = [
    [
      line.applied_at !== null,
      t(line.applied_at === null ? "signed.no" : line.signed_by_code ? "signed.code" : "signed.by_hand"),
    ],
    [line.notices === line.notices_issued, t("notices", { issued: line.notices_issued, all: line.notices })],
    ...(line.open_objections > 0 ? [[false, t.count("objections", line.open_objections)] as const] : []),
    ...(line.contested > 0 ? [[false, t.count("contested", line.contested)] as const] : []),
    ...(line.open_appeals > 0 ? [[false, t.count("appeals", line.open_appeals)] as const] : []),
  ];
  return (
    <ul className="courtday-ready">
      {notes.map(([isGood, text]) => (
        <li key={text} className={isGood ? "ck good" : "ck warn"}>
          <span>{text}</span>
        </li>
      ))}
    </ul>
  );
}
