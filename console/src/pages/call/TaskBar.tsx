/** The half-done calls of the officer, each a draft of its own, and what each waits for. */

import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { type Command, useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { Moment } from "../../parts/time.tsx";
import { callCommands, openCommands } from "./commands.ts";
import type { Line } from "./drafts.ts";
import { call } from "./text.ts";

const SHOWN_MAX = 9;

export function TaskBar({
  lines,
  openId,
  waiting,
  isBeginning,
  begin,
  showWaiting,
}: {
  lines: readonly Line[];
  openId: string;
  waiting: number;
  isBeginning: boolean;
  begin: () => void;
  showWaiting: () => void;
}): ReactNode {
  const t = call.use();
  // The newest ones are those that the officer works on.
  const shown = lines.slice(-SHOWN_MAX);
  return (
    <nav className="calls" aria-label={t("calls")}>
      {shown.map((line, index) => (
        <Tab key={line.draft_id} line={line} isOpen={line.draft_id === openId} command={openCommands[index]} />
      ))}
      <CommandButton command={callCommands.new} run={begin} isDisabled={isBeginning} />
      <CommandButton command={callCommands.waiting} run={showWaiting} className={waiting > 0 ? "btn some" : "btn"}>
        {t.count("missed", waiting)}
      </CommandButton>
      {lines.length > shown.length && <span className="xs mut">{t("more_calls", { count: lines.length - shown.length })}</span>}
    </nav>
  );
}

function Tab({ line, isOpen, command }: { line: Line; isOpen: boolean; command: Command | undefined }): ReactNode {
  const t = call.use();
  const navigate = useNavigate();
  const open = (): void => void navigate({ to: `/call/${line.draft_id}` });
  useCommand(command ?? (openCommands[0] as Command), open, command !== undefined);
  const called = line.mobile_end ? `•••••• ${line.mobile_end}` : t("new_call");
  return (
    <button type="button" className="tab" aria-current={isOpen ? "true" : undefined} onClick={open}>
      <span className="row">
        <b className="cut">{line.name || called}</b>
        <span className={`chip push ${line.ack_no ? "good" : "warn"}`}>{t(line.ack_no ? "is_sent" : "is_open")}</span>
      </span>
      <span className="row">
        <span className="cut">
          {line.ack_no ? `…${line.ack_no.slice(-7)}` : t(`source.${line.source}`)} · <Moment at={Date.parse(line.made_at)} />
        </span>
        {command && (
          <span className="push">
            <KeyMark command={command} />
          </span>
        )}
      </span>
    </button>
  );
}
