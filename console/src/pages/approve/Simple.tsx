/**
 * Several simple approvals: a line and a tick for each, never one tick for all. Each is sent as an approval of its own,
 * one after the other, and its line says what the server answered.
 */

import { useQueries, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";

import { problemOf } from "../../api/problem.ts";
import { useStream } from "../../api/stream.ts";
import { Modal } from "../../parts/Modal.tsx";
import { Rupees } from "../../parts/money.tsx";
import { useBankName } from "../../parts/names.ts";
import { useProof } from "../../parts/Proof.tsx";
import { SaidText } from "../../parts/SaidText.tsx";
import { serverNow } from "../../text/clock.ts";
import { rupees } from "../../text/rupees.ts";
import type { Said } from "../../text/sentences.ts";
import { send } from "./acts.ts";
import { checksOf, isConfirmed, standingOf, type Transfer, type Waiting } from "./figures.ts";
import { part, type Whole, wholeOf } from "./reads.ts";
import { approve } from "./text.ts";

/** Lines at once. A person looks at no more with care. */
const LINES_MAX = 50;

type Outcome = Said & { readonly isDone: boolean };

export function Simple({ waiting, close }: { waiting: readonly Waiting[]; close: () => void }): ReactNode {
  const t = approve.use();
  const client = useQueryClient();
  const isBroken = useStream().state === "broken";
  const proof = useProof();
  // The lines stay as they were when the list was opened, so that an answer stays beside what it is about.
  const [lines] = useState(() => waiting.slice(0, LINES_MAX));
  const found = useQueries({
    queries: lines.map((one) => wholeOf(one.head.restoration_id)),
  });
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [count, setCount] = useState<number | null>(null);
  const isStopped = useRef(false);
  const wholes = new Map(found.flatMap(({ data }) => (data ? [[data.view.restoration_id, data] as const] : [])));
  const chosen = lines.flatMap((one) => {
    const whole = wholes.get(one.head.restoration_id);
    return whole && ticked.has(one.head.restoration_id) && !outcomes.has(one.head.restoration_id) ? [whole] : [];
  });
  const paise = chosen.reduce((sum, one) => sum + one.file.total_paise, 0);
  const tick = (id: string): void =>
    setTicked((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  const isRunning = count !== null && outcomes.size < count;

  const run = async (): Promise<void> => {
    const asked = chosen;
    isStopped.current = false;
    setCount(outcomes.size + asked.length);
    for (const { view, file } of asked) {
      if (isStopped.current) {
        setCount(null);
        break;
      }
      let outcome: Outcome;
      try {
        const sent = await proof.proved(() => send(view, { act: "approve", duePaise: file.total_paise, accountEnd: null }).then(() => true));
        if (sent === null) {
          // Without a code nothing more is sent.
          setCount(null);
          break;
        }
        outcome = { isDone: true, text: t("simple.approved") };
      } catch (error) {
        outcome = { isDone: false, ...problemOf(error).said() };
      }
      setOutcomes((before) => new Map(before).set(view.restoration_id, outcome));
    }
    void client.invalidateQueries({ queryKey: part() });
  };
  const done = [...outcomes.values()].filter((one) => one.isDone).length;
  return (
    <Modal title={t("simple")} close={isRunning ? () => (isStopped.current = true) : close} isFirm={isRunning} className="simple">
      <p className="sm">{t("simple.says")}</p>
      <ul className="lines sm">
        {lines.map((one) => (
          <Line
            key={one.head.restoration_id}
            one={one}
            whole={wholes.get(one.head.restoration_id)}
            isTicked={ticked.has(one.head.restoration_id)}
            tick={() => tick(one.head.restoration_id)}
            outcome={outcomes.get(one.head.restoration_id)}
            isRunning={isRunning}
          />
        ))}
      </ul>
      {count !== null && (
        <p role="status" className="row sm">
          <progress max={count} value={outcomes.size} aria-label={t("simple.progress")} />
          {t("simple.done", { done, count })}
        </p>
      )}
      <div className="row wrap">
        {outcomes.size < lines.length && (
          <button type="button" className="btn first" disabled={isBroken || isRunning || chosen.length === 0} onClick={() => void run()}>
            {t.count("simple.approve", chosen.length, { sum: rupees(paise) })}
          </button>
        )}
        {isRunning ? (
          <button type="button" className="btn" onClick={() => (isStopped.current = true)}>
            {t("simple.stop")}
          </button>
        ) : (
          <button type="button" className="btn" onClick={close}>
            {t("close")}
          </button>
        )}
        {isBroken && <b className="warn sm">{t("why.broken")}</b>}
      </div>
      {proof.dialog}
    </Modal>
  );
}

/** Why a line cannot be ticked; null if it can. */
function obstacleOf(whole: Whole): "unconfirmed" | "wrong" | "moved" | null {
  const { view, file } = whole;
  if (view.step !== "approval" || view.state !== "open" || view.prepared_by === null) return "moved";
  if (checksOf(view, serverNow()).some((one) => !one.isGood)) return "wrong";
  return file.accounts.every(isConfirmed) ? null : "unconfirmed";
}

/** What a bank says of a transfer: that the money arrived or was sent, or nothing. */
function voiceOf(t: ReturnType<typeof approve.use>, transfer: Transfer, which: "holder" | "payer", bank: string): string {
  const said = standingOf(transfer, which) === "silent" ? "silent" : "voice";
  return t(`${said}.${which}`, { bank });
}

function Line({
  one,
  whole,
  isTicked,
  tick,
  outcome,
  isRunning,
}: {
  one: Waiting;
  whole: Whole | undefined;
  isTicked: boolean;
  tick: () => void;
  outcome: Outcome | undefined;
  isRunning: boolean;
}): ReactNode {
  const t = approve.use();
  const bankOf = useBankName();
  const obstacle = whole && outcome === undefined ? obstacleOf(whole) : null;
  const accounts = whole?.file.accounts.filter((account) => account.victim_paise > 0) ?? [];
  return (
    <li>
      <label className="row">
        <input
          type="checkbox"
          checked={isTicked}
          disabled={whole === undefined || obstacle !== null || isRunning || outcome !== undefined}
          onChange={tick}
        />
        <span className="line">
          <span className="row wrap">
            <b>
              <Rupees paise={whole ? whole.file.total_paise : one.head.paise} />
            </b>
            <span className="mono">{one.head.ack_no}</span>
            <span className="push mut">{t("simple.prepared", { officer: one.head.prepared_by ?? "" })}</span>
          </span>
          {whole === undefined && <span className="mut">{t("simple.reading")}</span>}
          {accounts.map((account) => (
            <span key={account.hold_id} className="block">
              {account.name} <span className="mono">••{account.account_end}</span>{" "}
              {account.transfers.map((transfer) => (
                <span key={transfer.hop_no}>
                  {(["holder", "payer"] as const).map((which) => (
                    <span key={which} className={standingOf(transfer, which) === "good" ? "block good" : "block mut"}>
                      {standingOf(transfer, which) === "good" ? "✓" : "–"} {voiceOf(t, transfer, which, bankOf(transfer[which].name))}
                    </span>
                  ))}
                </span>
              ))}
            </span>
          ))}
          {whole && (
            <span className="block mut">
              {t("simple.to")}{" "}
              {whole.view.beneficiaries.map((to) => (
                <span key={to.account_end}>
                  {bankOf(to.institution)} <span className="mono">••{to.account_end}</span>
                </span>
              ))}
            </span>
          )}
          {obstacle !== null && <b className="warn block">{t(`simple.not.${obstacle}`)}</b>}
          {outcome && (
            <b className={outcome.isDone ? "good block" : "bad block"}>
              <SaidText said={outcome} />
            </b>
          )}
        </span>
      </label>
    </li>
  );
}
