/** The dialog of the chosen act on a file. */

import type { ReactNode } from "react";

import { rupees, inWords } from "../../text/rupees.ts";
import type { Act } from "./acts.ts";
import type { ActName } from "./ActBar.tsx";
import { appealCommands } from "./commands.ts";
import { Decide, Hear, Report, TextDialog } from "./dialogs.tsx";
import type { Grievance, HoldFile, Proposal } from "./reads.ts";
import {
  sendAppealOn,
  sendConfirmation,
  sendEscalation,
  sendRejection,
  sendSmallDecision,
  sendWithdrawal,
} from "./sends.ts";
import { appeals } from "./text.ts";

export function AppealDialog({
  name,
  view,
  file,
  proposal,
  act,
  close,
}: {
  name: ActName;
  /** null for a small hold without an appeal */
  view: Grievance | null;
  file: HoldFile | undefined;
  proposal: Proposal | null;
  act: Act;
  close: () => void;
}): ReactNode {
  const t = appeals.use();
  const holdId = view?.hold_id ?? file?.hold.hold_id ?? "";
  const title = appealCommands[name].label();
  const how = { title, act, close };
  switch (name) {
    case "report":
      return view && <Report view={view} act={act} close={close} />;
    case "decide":
      return view && <Decide view={view} act={act} close={close} />;
    case "hear":
      return <Hear holdId={holdId} claims={file?.claims ?? []} act={act} close={close} />;
    case "confirm":
      return (
        proposal && (
          <TextDialog
            {...how}
            says={t("says.confirm", { sum: rupees(proposal.paise), words: inWords(proposal.paise, t.language) })}
            send={(reason) => sendConfirmation(holdId, reason)}
          />
        )
      );
    case "reject":
      return <TextDialog {...how} says={t("says.reject")} isDanger send={(reason) => sendRejection(holdId, reason)} />;
    case "escalate":
      return view && <TextDialog {...how} says={t("says.escalate")} send={(reason) => sendEscalation(view, reason)} />;
    case "appeal_on":
      return (
        view && (
          <TextDialog
            {...how}
            says={t("says.appeal_on")}
            label={t("says.more")}
            isOptional
            send={(text) => sendAppealOn(view, text)}
          />
        )
      );
    case "withdraw":
      return (
        view && (
          <TextDialog
            {...how}
            says={t("says.withdraw")}
            label={t("says.holder")}
            isDanger
            send={(reason) => sendWithdrawal(view, reason)}
          />
        )
      );
    case "keep_small":
      return (
        <TextDialog {...how} says={t("says.keep_small")} send={(reason) => sendSmallDecision(holdId, "keep", reason)} />
      );
    case "release_small":
      return (
        <TextDialog
          {...how}
          says={t("says.release_small", { sum: rupees(file?.hold.free_paise ?? 0) })}
          send={(reason) => sendSmallDecision(holdId, "release", reason)}
        />
      );
  }
}
