/** The newest notices of work items: why the officer is told, of which item, and whether it still waits. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { Dialog } from "react-aria-components";

import { api, type Schemas } from "../api/client.ts";
import { ok } from "../api/problem.ts";
import { useVerb } from "../api/verb.ts";
import { desk } from "../pages/desk/text.ts";
import { ErrorState, LoadingState } from "../parts/states.tsx";
import { Moment } from "../parts/time.tsx";
import { notices } from "./Bell.tsx";
import { shell } from "./commands.ts";
import { Opened } from "./Opened.tsx";
import type { Below } from "./opener.ts";
import { pagesOf } from "./pages.ts";
import { useSession } from "./session.ts";

type Notice = Schemas["TaskNotice"];

export default function NoticeList(below: Below): ReactNode {
  const t = shell.use();
  return (
    <Opened {...below} className="notices">
      <Dialog aria-label={t("notices.title")} className="dialog">
        <Notices close={below.close} />
      </Dialog>
    </Opened>
  );
}

function Notices({ close }: { close: () => void }): ReactNode {
  const t = shell.use();
  const { data, error, refetch } = useQuery(notices);
  const newest = data?.items[0]?.written_at;
  // What is new when the list is opened stays marked while it is open.
  const [unseen] = useState(data?.unseen ?? 0);
  const see = useVerb({
    run: (until: string) => ok(api.PUT("/api/v1/desk/notices/seen", { body: { until } })),
    readAgain: [notices.queryKey],
    // The next opening says it again.
    refused: () => undefined,
  });
  const { act } = see;
  useEffect(() => {
    if (newest !== undefined) act(newest);
  }, [newest, act]);
  if (error !== null) return <ErrorState error={error} reset={() => void refetch()} />;
  if (data === undefined) return <LoadingState />;
  const fresh = new Set(data.items.filter((one) => one.holds).slice(0, unseen));
  return (
    <>
      {data.items.length === 0 && <p className="state">{t("notices.none")}</p>}
      <ul className="notice-list">
        {data.items.map((one) => (
          <NoticeLine
            key={`${one.task_id} ${one.version} ${one.reason}`}
            notice={one}
            isNew={fresh.has(one)}
            close={close}
          />
        ))}
      </ul>
      <Link to="/notices" className="btn" onClick={close}>
        {t("notices.how")}
      </Link>
    </>
  );
}

function NoticeLine({ notice, isNew, close }: { notice: Notice; isNew: boolean; close: () => void }): ReactNode {
  const t = shell.use();
  const named = desk.use();
  const hasCasePage = pagesOf(useSession().roles).some((one) => one.name === "case");
  return (
    <li className={notice.holds ? undefined : "mut"}>
      <span className="row wrap">
        {isNew && <span className="chip acc">{t("notices.new")}</span>}
        <b>{named(`kind.${notice.kind}`)}</b>
        <span className="push xs mut">
          <Moment at={Date.parse(notice.written_at)} />
        </span>
      </span>
      <span className="row wrap sm">
        {t(notice.holds ? `reason.${notice.reason}` : "notices.over")}
        {notice.ack_no !== null &&
          (hasCasePage ? (
            <Link to="/case/$ackNo" params={{ ackNo: notice.ack_no }} className="mono push" onClick={close}>
              {notice.ack_no}
            </Link>
          ) : (
            <b className="mono push">{notice.ack_no}</b>
          ))}
      </span>
    </li>
  );
}
