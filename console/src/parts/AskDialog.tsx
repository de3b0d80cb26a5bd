/** A dialog with a form: what will happen, the fields, the act, and a way out. A refusal stands in the dialog. */

import type { FormEvent, ReactNode } from "react";

import type { Problem } from "../api/problem.ts";
import { parts } from "./catalogue.ts";
import { Modal } from "./Modal.tsx";
import { Refusal } from "./Refusal.tsx";

export function AskDialog({
  title,
  says,
  act,
  isReady,
  problem,
  run,
  close,
  isFirm = false,
  actHasFocus = false,
  isDanger = false,
  isOver = false,
  className = "",
  children,
}: {
  title: string;
  /** what will happen, before it is done */
  says?: ReactNode;
  /** name of the act on its button; the title without it */
  act?: string;
  isReady: boolean;
  problem: Problem | null;
  run: () => void;
  close: () => void;
  isFirm?: boolean;
  /** for a dialog without a field: Enter does the act */
  actHasFocus?: boolean;
  /** the act ends or destroys something: it looks like it, and in a dialog without a field *Cancel* has the focus */
  isDanger?: boolean;
  /** everything is done, so nothing can be cancelled any more */
  isOver?: boolean;
  className?: string;
  children?: ReactNode;
}): ReactNode {
  const t = parts.use();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReady) run();
  };
  return (
    <Modal title={title} close={close} isFirm={isFirm} className={className}>
      <form className="asking" onSubmit={submit}>
        {says && <p className="note acc">{says}</p>}
        {children}
        {problem && <Refusal problem={problem} />}
        <div className="row wrap">
          <button type="submit" className={isDanger ? "btn danger" : "btn first"} disabled={!isReady} autoFocus={actHasFocus && !isDanger}>
            {act ?? title}
          </button>
          {!isOver && (
            <button type="button" className="btn" autoFocus={isDanger && children === undefined} onClick={close}>
              {t("cancel")}
            </button>
          )}
        </div>
      </form>
    </Modal>
  );
}
