/** The page of the officer who takes calls: four facts, then the banks are asked while the caller tells the rest. */

import { useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";

import "./call.css";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useTopics } from "../../api/stream.ts";
import { useVerb } from "../../api/verb.ts";
import { LoadingState } from "../../parts/states.tsx";
import { Waiting } from "./dialogs.tsx";
import { type Line, ownDrafts, waitingDrafts } from "./drafts.ts";
import { OpenCall } from "./OpenCall.tsx";
import { TaskBar } from "./TaskBar.tsx";

export default function Call(): ReactNode {
  const { draftId = "" } = useParams({ strict: false }) as { draftId?: string };
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data: lines, isFetching } = useSuspenseQuery(ownDrafts);
  const { data: waiting } = useQuery(waitingDrafts);
  const [isChoosing, setIsChoosing] = useState(false);
  const open = (id: string): void => void navigate({ to: `/call/${id}`, replace: draftId === "" });
  /** A draft that is new to this officer is in the list before it is opened. */
  const openNew = async (id: string): Promise<void> => {
    await client.invalidateQueries({ queryKey: ownDrafts.queryKey });
    open(id);
  };
  useTopics(["drafts"], () => void client.invalidateQueries({ queryKey: ["drafts"] }));

  const begin = useVerb({
    run: () => ok(api.POST("/api/v1/drafts", { body: {} })),
    done: (saved) => void openNew(saved.draft_id),
  });
  const take = useVerb({
    run: ({ line, reason }: { line: Line; reason: string }) => {
      const params = { path: { draft_id: line.draft_id } };
      // A missed call is no officer's yet; another officer's call is taken over.
      return line.owner === null
        ? ok(api.POST("/api/v1/drafts/{draft_id}/claim", { params }))
        : ok(api.POST("/api/v1/drafts/{draft_id}/take-over", { params, body: { reason } }));
    },
    done: (given) => {
      setIsChoosing(false);
      void openNew(given.draft_id);
    },
    readAgain: [waitingDrafts.queryKey],
  });

  const hasBegun = useRef(false);
  const newest = lines.at(-1)?.draft_id;
  const isOwn = lines.some((line) => line.draft_id === draftId);
  useEffect(() => {
    if (isOwn || isFetching) return;
    // The address names no call, or one that is ended or that another officer has.
    if (newest) open(newest);
    else if (!hasBegun.current) {
      hasBegun.current = true;
      begin.act(undefined);
    }
  });
  return (
    <>
      <TaskBar
        lines={lines}
        openId={draftId}
        waiting={waiting?.length ?? 0}
        isBeginning={begin.isRunning}
        begin={() => begin.act(undefined)}
        showWaiting={() => setIsChoosing(true)}
      />
      {isOwn ? (
        <OpenCall key={draftId} draftId={draftId} leave={() => void navigate({ to: "/call", replace: true })} />
      ) : (
        <LoadingState />
      )}
      {isChoosing && <Waiting take={(line, reason) => take.act({ line, reason })} close={() => setIsChoosing(false)} />}
    </>
  );
}
