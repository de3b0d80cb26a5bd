/** Proposing a change: what would change is shown by the server first, then it goes to another admin with a reason. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api } from "../../api/client.ts";
import { ok, problemOf } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { AskDialog } from "../../parts/AskDialog.tsx";
import { ReasonField } from "../../parts/ReasonField.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { say } from "../../parts/toasts.ts";
import { isReason } from "../../text/reason.ts";
import { ChangeTable } from "./ChangeTable.tsx";
import { ADMIN, type Asked } from "./reads.ts";
import { Secret } from "./Secret.tsx";
import { admin } from "./text.ts";

export function Propose({
  title,
  asked,
  close,
  proposed,
  says,
  children,
}: {
  title: string;
  /** null while the fields are not complete */
  asked: Asked | null;
  close: () => void;
  /** called once the proposal is made */
  proposed?: () => void;
  /** what the admin does first; that another admin must agree is said beside it */
  says?: string;
  /** the fields; an act without fields is shown at once */
  children?: ReactNode;
}): ReactNode {
  const t = admin.use();
  const key = asked === null ? "" : JSON.stringify(asked);
  const [shown, show] = useState(children === undefined ? key : "");
  const [reason, setReason] = useState("");
  const [code, setCode] = useState<string | null>(null);
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
    done: (made) => {
      say({ kind: "good", text: t("proposed") });
      proposed?.();
      if (made.code == null) close();
      else setCode(made.code);
    },
    refused: () => undefined,
  });
  const hasSeen = isShown && preview.isSuccess;
  const isReady = hasSeen
    ? isReason(reason) && !propose.isRunning
    : key !== "" && !preview.isFetching;
  const problem = propose.problem ?? (isShown && preview.error ? problemOf(preview.error) : null);
  const again = (): void => {
    if (isShown) void preview.refetch();
    else show(key);
  };
  if (code !== null) {
    return (
      <Modal title={t("proposal_code")} close={close} isFirm className="wide">
        <p className="note warn">{t("code_once")}</p>
        <Secret text={code} />
        <button type="button" className="btn first" onClick={close}>
          {t("passed_on")}
        </button>
      </Modal>
    );
  }
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
          <ReasonField label={t("reason")} value={reason} set={setReason} hasFocus />
        </>
      )}
    </AskDialog>
  );
}
