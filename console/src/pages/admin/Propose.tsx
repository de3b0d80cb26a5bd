/** Proposing a change: what would change is shown by the server first, then it goes to another admin with a reason. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId, useState } from "react";

import { api } from "../../api/client.ts";
import { ok, problemOf } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { say } from "../../parts/toasts.ts";
import { ChangeTable } from "./ChangeTable.tsx";
import { ADMIN, type Asked } from "./reads.ts";
import { admin } from "./text.ts";

export const REASON_MIN_CHARS = 3;
export const REASON_MAX_CHARS = 500;

export function Propose({
  title,
  asked,
  close,
  says,
  children,
}: {
  title: string;
  /** null while the fields are not complete */
  asked: Asked | null;
  close: () => void;
  /** what the admin does first; that another admin must agree is said beside it */
  says?: string;
  /** the fields; an act without fields is shown at once */
  children?: ReactNode;
}): ReactNode {
  const t = admin.use();
  const key = asked === null ? "" : JSON.stringify(asked);
  const [shown, show] = useState(children === undefined ? key : "");
  const [reason, setReason] = useState("");
  const isShown = key !== "" && shown === key;
  const preview = useQuery({
    queryKey: [...ADMIN, "preview", key],
    queryFn: () => ok(api.POST("/api/v1/administration/proposals/preview", { body: { asked: asked as Asked } })),
    enabled: isShown,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const propose = useVerb({
    run: () => ok(api.POST("/api/v1/administration/proposals", { body: { asked: asked as Asked, reason: reason.trim() } })),
    readAgain: [ADMIN],
    done: () => {
      say({ kind: "good", text: t("proposed") });
      close();
    },
    refused: () => undefined,
  });
  const hasSeen = isShown && preview.isSuccess;
  const isReady = hasSeen
    ? reason.trim().length >= REASON_MIN_CHARS && !propose.isRunning
    : key !== "" && !preview.isFetching;
  const problem = propose.problem ?? (isShown && preview.error ? problemOf(preview.error) : null);
  const again = (): void => {
    if (isShown) void preview.refetch();
    else show(key);
  };
  return (
    <AskDialog
      title={title}
      says={says === undefined ? t("propose_rule") : `${says} ${t("propose_rule")}`}
      act={hasSeen ? t("propose") : t("show_changes")}
      isReady={isReady}
      problem={problem}
      run={hasSeen ? () => propose.act(undefined) : again}
      close={close}
      className="wide"
    >
      {children}
      {hasSeen && (
        <>
          <h3>{t("what_changes")}</h3>
          <ChangeTable changes={preview.data.changes} />
          <ReasonField value={reason} change={setReason} />
        </>
      )}
    </AskDialog>
  );
}

export function ReasonField({ value, change }: { value: string; change: (reason: string) => void }): ReactNode {
  const t = admin.use();
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{t("reason")}</label>
      <textarea
        id={id}
        className="in"
        rows={2}
        autoFocus
        required
        maxLength={REASON_MAX_CHARS}
        value={value}
        onChange={(event) => change(event.target.value)}
      />
    </div>
  );
}
