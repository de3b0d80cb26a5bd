/** One act for many items, sent one after the other, because each is checked by itself. The result stands at each. */

import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";

import { AskDialog } from "../../parts/AskDialog.tsx";
import { Rupees } from "../../parts/money.tsx";
import { ReasonField } from "../../parts/ReasonField.tsx";
import { SaidText } from "../../parts/SaidText.tsx";
import { isReason } from "../../text/reason.ts";
import type { Said } from "../../text/sentences.ts";
import { ALL } from "./reads.ts";
import { courtday } from "./text.ts";

export interface Item {
  readonly key: string;
  readonly name: string;
  readonly paise: number;
  /** what else tells it from the others, such as its accounts */
  readonly about?: ReactNode;
}

export interface Outcome extends Said {
  readonly isDone: boolean;
}

export function OneByOne({
  title,
  says,
  items,
  needsReason = false,
  begins = "",
  isReady = true,
  send,
  close,
  children,
}: {
  title: string;
  says: string;
  items: readonly Item[];
  needsReason?: boolean;
  /** the reason that stands in its field at first */
  begins?: string;
  /** whether the fields of the act are filled in */
  isReady?: boolean;
  /** null if the officer gives no code: then nothing more is sent */
  send: (item: Item, reason: string) => Promise<Outcome | null>;
  /** `isDone`: something was sent */
  close: (isDone: boolean) => void;
  /** fields of the act; they go when it begins */
  children?: ReactNode;
}): ReactNode {
  const t = courtday.use();
  const client = useQueryClient();
  // The list behind the dialog is read again meanwhile, and what was done leaves it.
  const [own] = useState(items);
  const [reason, setReason] = useState(begins);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [isRunning, setIsRunning] = useState(false);
  const isStopped = useRef(false);
  const isOver = outcomes.size === own.length;
  const run = async (): Promise<void> => {
    setIsRunning(true);
    for (const item of own) {
      if (isStopped.current) break;
      const outcome = await send(item, reason.trim());
      if (outcome === null) break;
      setOutcomes((before) => new Map(before).set(item.key, outcome));
    }
    setIsRunning(false);
    await client.invalidateQueries({ queryKey: ALL });
  };
  const stop = (): void => {
    // What was sent stays; the rest is not sent.
    isStopped.current = true;
    close(outcomes.size > 0);
  };
  return (
    <AskDialog
      title={title}
      says={isOver ? "" : says}
      act={isOver ? t("close") : title}
      isReady={!isRunning && (isOver || (isReady && (!needsReason || isReason(reason))))}
      problem={null}
      isFirm={isRunning}
      isOver={isOver}
      run={() => (isOver ? close(true) : void run())}
      close={stop}
      className="wide"
    >
      {!isRunning && outcomes.size === 0 && children}
      {needsReason && outcomes.size === 0 && <ReasonField value={reason} set={setReason} hasFocus={children === undefined} />}
      {(isRunning || isOver) && (
        <p role="status">
          <progress value={outcomes.size} max={own.length} /> {t("progress", { done: outcomes.size, all: own.length })}
        </p>
      )}
      <ul className="courtday-outcomes">
        {own.map((item) => {
          const outcome = outcomes.get(item.key);
          return (
            <li key={item.key}>
              <span className="mono">{item.name}</span> <Rupees paise={item.paise} /> {item.about}{" "}
              {outcome && (
                <span className={outcome.isDone ? "good" : "bad b"}>
                  {outcome.isDone ? (
                    t("one_done")
                  ) : (
                    <>
                      {t("one_refused")} <SaidText said={outcome} />
                    </>
                  )}
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </AskDialog>
  );
}
