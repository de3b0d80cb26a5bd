/** What the account holders were told and what they said: notices, waivers, objections with their decisions, appeals. */

import type { ReactNode } from "react";

import { Moment } from "../../parts/time.tsx";
import { personOf } from "../../text/actors.ts";
import { type Account, type File, type View } from "./figures.ts";
import { approve } from "./text.ts";
import { worded } from "../case/text.ts";

export function Holders({ view, file }: { view: View; file: File }): ReactNode {
  const t = approve.use();
  const general = view.objections.filter((one) => one.hold_id === null);
  return (
    <section className="panel" aria-labelledby="h-holders">
      <header>
        <h2 id="h-holders">{t("holders")}</h2>
      </header>
      <ul className="holders sm">
        {file.accounts.map((one) => (
          <Holder key={one.hold_id} one={one} view={view} file={file} />
        ))}
        {general.length > 0 && (
          <li>
            {general.map((one) => (
              <Objection key={one.objection_id} one={one} />
            ))}
          </li>
        )}
      </ul>
    </section>
  );
}

function Holder({ one, view, file }: { one: Account; view: View; file: File }): ReactNode {
  const t = approve.use();
  const notice = view.notices.filter((found) => found.hold_id === one.hold_id).at(-1);
  const waiver = file.waivers.filter((found) => found.hold_id === one.hold_id).at(-1);
  const objections = view.objections.filter((found) => found.hold_id === one.hold_id);
  const appeals = view.grievances.filter((found) => found.hold_id === one.hold_id);
  return (
    <li>
      <b>
        {one.name} <span className="mono">••{one.account_end}</span>
      </b>
      <span className="block mut">
        {notice === undefined ? t("notice.none") : worded(t, "notice", notice.state)}
        {notice?.ended_at ? (
          <>
            {" "}
            <Moment at={Date.parse(notice.ended_at)} />
          </>
        ) : null}
      </span>
      {waiver && (
        <span className="block">
          {t("waived", { officer: personOf(waiver.recorded_by) })} <Moment at={Date.parse(waiver.recorded_at)} />
        </span>
      )}
      {objections.map((found) => (
        <Objection key={found.objection_id} one={found} />
      ))}
      {appeals.map((found) => (
        <span key={found.grievance_id} className="block bad">
          ! {t("appeal", { number: found.number })} <Moment at={Date.parse(found.due_at)} />
        </span>
      ))}
      {objections.length === 0 && appeals.length === 0 && <span className="block mut">{t("no_objection")}</span>}
    </li>
  );
}

function Objection({ one }: { one: View["objections"][number] }): ReactNode {
  const t = approve.use();
  return (
    <span className="block">
      <b>{t("objected", { who: t(`by.${one.by_whom}`) })}</b> <Moment at={Date.parse(one.received_at)} />: “{one.text}”{" "}
      {one.release_hears_until ? (
        <b className="warn">
          {t("release_waits")} <Moment at={Date.parse(one.release_hears_until)} />
        </b>
      ) : one.decision === null || one.decided_at === null ? (
        <b className="bad">{t("not_decided")}</b>
      ) : (
        <>
          {t(`decided.${one.decision}`, { officer: personOf(one.decided_by) })} <Moment at={Date.parse(one.decided_at)} />
          {one.reason && <span className="mut"> “{one.reason}”</span>}
        </>
      )}
    </span>
  );
}
