/** Restorations that wait for the officer: the list by deadline, the file on one page, and the decision beside it. */

import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useState } from "react";

import "./approve.css";

import { useLooksAt } from "../../api/presence.ts";
import { type Problem, problemOf } from "../../api/problem.ts";
import { giveReadReason, hasReadReason, NEEDS_REASON, useReadReasons } from "../../api/readReason.ts";
import { useSession } from "../../app/session.ts";
import { useCommand } from "../../keys/commands.ts";
import { ReadReason } from "../../parts/ReadReason.tsx";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { approveCommands } from "./commands.ts";
import { Decide } from "./Decide.tsx";
import { FileBody } from "./FileBody.tsx";
import { type Act, fourEyesOf, grouped, isSimple, type Waiting } from "./figures.ts";
import { NothingWaits } from "./NothingWaits.tsx";
import { Preview } from "./Preview.tsx";
import { part, stepsOf, useLiveFile, wholeOf } from "./reads.ts";
import { Simple } from "./Simple.tsx";
import { approve } from "./text.ts";
import { WaitingList } from "./WaitingList.tsx";

interface Search {
  readonly act?: Act;
}

export default function Approve(): ReactNode {
  const t = approve.use();
  const { restorationId } = useParams({ strict: false }) as { restorationId?: string };
  const { act } = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  useReadReasons(part());
  const read = useInfiniteQuery(stepsOf(act ?? null, "officer"));
  const ofOthers = useInfiniteQuery(stepsOf(act ?? null, "others"));
  const toDo = useMemo(() => grouped((read.data?.pages ?? []).flatMap((page) => page.items)), [read.data]);
  const others = useMemo(() => grouped((ofOthers.data?.pages ?? []).flatMap((page) => page.items)), [ofOthers.data]);
  const [isUnfolded, setIsUnfolded] = useState<boolean | null>(null);
  const isOfOthers = others.some((one) => one.head.restoration_id === restorationId);
  const hasOthers = isUnfolded ?? (isOfOthers || act === "waive_notice");
  // The keys go through the lines that are seen.
  const waiting = useMemo(() => (hasOthers ? [...toDo, ...others] : toDo), [hasOthers, toDo, others]);
  const [isBulk, setIsBulk] = useState(false);
  const open = (id: string | undefined, how: { replace?: boolean } = {}): void => {
    const search = (act === undefined ? {} : { act }) as never;
    if (id === undefined) void navigate({ to: "/restorations", search, ...how });
    else void navigate({ to: "/restorations/$restorationId", params: { restorationId: id }, search, ...how });
  };
  const first = toDo[0]?.head.restoration_id;
  useEffect(() => {
    // The page opens with the first deadline in front of the officer.
    if (restorationId === undefined && first !== undefined) open(first, { replace: true });
  });
  const { officer_id } = useSession();
  const simple = toDo.filter((one) => isSimple(one, officer_id));
  const at = waiting.findIndex((one) => one.head.restoration_id === restorationId);
  const move = (by: number) => (): void => open(waiting[Math.max(0, Math.min(waiting.length - 1, at + by))]?.head.restoration_id);
  const next = (): void => open((waiting[at + 1] ?? waiting.find((one) => one.head.restoration_id !== restorationId))?.head.restoration_id);
  useCommand(approveCommands.down, move(1), waiting.length > 0);
  useCommand(approveCommands.up, move(-1), waiting.length > 0);
  useCommand(approveCommands.next, next, waiting.length > 0);
  useCommand(approveCommands.simple, () => setIsBulk(true), simple.length > 1);

  if (read.error !== null && read.data === undefined) return <ErrorState error={read.error} reset={() => void read.refetch()} />;
  if (read.data === undefined) return <LoadingState />;
  return (
    <main className="approve">
      <h1 className="sr">{t("title")}</h1>
      <WaitingList
        toDo={toDo}
        others={others}
        hasOthers={hasOthers}
        unfold={setIsUnfolded}
        act={act ?? null}
        change={(one) => void navigate({ to: "/restorations", search: (one === null ? {} : { act: one }) as never })}
        current={restorationId}
        open={open}
        more={moreOf(read)}
        moreOthers={moreOf(ofOthers)}
        simple={simple.length}
        together={() => setIsBulk(true)}
      />
      {restorationId === undefined ? (
        <NothingWaits first={read.data.pages[0]} />
      ) : (
        <Opened restorationId={restorationId} waiting={waiting[at]} next={next} />
      )}
      {isBulk && <Simple waiting={simple} close={() => setIsBulk(false)} />}
    </main>
  );
}

function moreOf(read: { hasNextPage: boolean; fetchNextPage: () => unknown }): (() => void) | null {
  return read.hasNextPage ? () => void read.fetchNextPage() : null;
}

/** The chosen file. While another one is read, the old one stays, and nothing can be done to it. */
function Opened({
  restorationId,
  waiting,
  next,
}: {
  restorationId: string;
  waiting: Waiting | undefined;
  next: () => void;
}): ReactNode {
  const client = useQueryClient();
  const { officer_id } = useSession();
  const { data, error, refetch } = useQuery({
    ...wholeOf(restorationId),
    // The old file stays until the new one is there.
    placeholderData: keepPreviousData,
  });
  const [document, setDocument] = useState<string | null>(null);
  const [told, setTold] = useState<{ readonly of: string; readonly problem: Problem } | null>(null);
  // A case of other officers is read with a reason, which the stream has not.
  const isOwn = !hasReadReason(restorationId);
  useLiveFile(data?.view.restoration_id ?? restorationId, isOwn ? data?.view.case_ack_no : undefined);
  useLooksAt(data && isOwn ? [`case:${data.view.case_ack_no}`] : []);
  useEffect(() => setDocument(null), [restorationId]);
  useCommand(approveCommands.close_document, () => setDocument(null), document !== null);
  if (error !== null && problemOf(error).code === NEEDS_REASON) {
    return (
      <div className="opened">
        <ReadReason
          read={(reason) => {
            giveReadReason(restorationId, reason);
            void refetch();
          }}
        />
      </div>
    );
  }
  if (data === undefined) return error === null ? <LoadingState /> : <ErrorState error={error} reset={() => void refetch()} />;
  const { view, file } = data;
  const isOld = view.restoration_id !== restorationId;
  return (
    <div className={`opened${document === null ? "" : " beside"}`}>
      <div className={isOld ? "file old" : "file"} aria-busy={isOld}>
        <FileBody view={view} file={file} openDocument={setDocument} shown={document} />
      </div>
      {document !== null && <Preview documentId={document} close={() => setDocument(null)} />}
      <Decide
        // Another file, and another visit of a step, begins without a tick.
        key={`${view.restoration_id} ${view.step} ${view.visit_no} ${view.prepared_by ?? ""}`}
        view={view}
        file={file}
        acts={waiting?.head.restoration_id === view.restoration_id ? waiting.acts : []}
        fourEyes={fourEyesOf(view, officer_id)}
        isOld={isOld}
        told={told?.of === view.restoration_id ? told.problem : null}
        done={() => {
          setTold(null);
          void client.invalidateQueries({ queryKey: part() });
          next();
        }}
        refused={(problem) => {
          setTold({ of: view.restoration_id, problem });
          void client.invalidateQueries({ queryKey: part() });
        }}
      />
    </div>
  );
}
