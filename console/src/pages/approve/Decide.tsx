/** The decision: the sum once more and in words, four eyes, what is checked, what follows, and the acts. */

import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import type { Problem } from "../../api/problem.ts";
import { useStream } from "../../api/stream.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { useCommand } from "../../keys/commands.ts";
import { CommandButton } from "../../parts/Button.tsx";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { Rupees } from "../../parts/money.tsx";
import { useProof } from "../../parts/Proof.tsx";
import { Why } from "../../parts/SaidText.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { isActor, personOf } from "../../text/actors.ts";
import { useNow } from "../../text/clock.ts";
import { inWords, rupees } from "../../text/rupees.ts";
import { timeText } from "../../text/moments.ts";
import { type Asked, send } from "./acts.ts";
import { approveCommands } from "./commands.ts";
import { type Act, checksOf, type File, isInVain, ordersOf, otherAccountOf, type View } from "./figures.ts";
import { type Asking, RestorationDialog } from "./RestorationDialog.tsx";
import { approve } from "./text.ts";

/** Status of a refusal because the restoration is not as the officer saw it. */
const CONFLICT = 409;

export interface DecideProps {
  readonly view: View;
  readonly file: File;
  /** what waits for the officer here, as the list has it */
  readonly acts: readonly Act[];
  /** why the officer may neither approve nor refuse */
  readonly fourEyes: "prepared" | "told" | null;
  /** whether another file was chosen and is not here yet */
  readonly isOld: boolean;
  /** what the server said to the act before, if it refused it */
  readonly told: Problem | null;
  readonly done: () => void;
  readonly refused: (problem: Problem) => void;
}

export function Decide(props: DecideProps): ReactNode {
  const { view, file, fourEyes, told } = props;
  const t = approve.use();
  const isPrepared = view.prepared_by !== null;
  const isApproval = view.step === "approval" && view.state === "open";
  const paise = file.total_paise;
  return (
    <aside className="decide" aria-label={t("decision")}>
      <div>
        <p className="mut sm">{t(isApproval && isPrepared ? "your_approval" : "sum_of_file")}</p>
        <p className="sum-large">
          <Rupees paise={paise} />
        </p>
        <p className="sm mut">{t("in_words", { words: inWords(paise, t.language) })}</p>
      </div>
      {view.state !== "open" && <Ended view={view} />}
      {isApproval && (
        <div>
          <h2>{t("four_eyes")}</h2>
          <FourEyes view={view} file={file} why={fourEyes} />
        </div>
      )}
      {isApproval && isPrepared && <Checks view={view} />}
      {isApproval && isPrepared && <Follows file={file} />}
      {told !== null && (
        <p className="note bad sm" role="alert">
          <Why of={told} /> {t("read_again")}
        </p>
      )}
      {view.state === "open" && <Acts {...props} paise={paise} />}
    </aside>
  );
}

/** How the restoration ended, and why. */
function Ended({ view }: { view: View }): ReactNode {
  const t = approve.use();
  const byEngine = view.state === "cancelled" && view.closed_by === "engine";
  return (
    <div className="note">
      <p>{byEngine ? t("state.cancelled.engine") : t(`state.${view.state}`, { officer: personOf(view.closed_by) })}</p>
      {isInVain(view) && view.reason !== "" && <p className="sm mut">{view.reason}</p>}
    </div>
  );
}

function FourEyes({ view, file, why }: { view: View; file: File; why: DecideProps["fourEyes"] }): ReactNode {
  const t = approve.use();
  if (view.prepared_by === null) return <p className="sm mut">{t("nobody_prepared")}</p>;
  return (
    <>
      <p className="sm">
        {t("prepared_by")} <b>{view.prepared_by}</b>
        {file.prepared_at !== null && (
          <>
            , <Moment at={Date.parse(file.prepared_at)} />
          </>
        )}
      </p>
      {why === null ? (
        <p className="sm mut">
          {t("another_person")} <span className="good b">✓</span>
        </p>
      ) : (
        <p className="note warn sm">{t(`same_person.${why}`)}</p>
      )}
    </>
  );
}

function Checks({ view }: { view: View }): ReactNode {
  const t = approve.use();
  const now = useNow();
  return (
    <div>
      <h2>{t("checked", { at: timeText(now) })}</h2>
      <ul className="checks sm">
        {checksOf(view, now).map((one) => (
          <li key={one.name} className={one.isGood ? "" : "bad b"}>
            <span aria-hidden="true" className={one.isGood ? "good b" : "bad b"}>
              {one.isGood ? "✓" : "!"}
            </span>{" "}
            {t(`check.${one.name}.${one.isGood ? "good" : "bad"}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Follows({ file }: { file: File }): ReactNode {
  const t = approve.use();
  const orders = ordersOf(file);
  return (
    <div>
      <h2>{t("follows")}</h2>
      <ol className="follows sm">
        <li>
          {t.count("follows.orders", orders.length)} {orders.map((one) => `${one.name} ${rupees(one.paise)}`).join(", ")}.
        </li>
        <li>{t("follows.holds")}</li>
        <li>{t("follows.victim")}</li>
      </ol>
    </div>
  );
}

function Acts({ view, file, acts, fourEyes, isOld, paise, done, refused }: DecideProps & { readonly paise: number }): ReactNode {
  const t = approve.use();
  const { officer_id, actions } = useSession();
  const isBroken = useStream().state === "broken";
  const now = useNow();
  const proof = useProof();
  const [asking, setAsking] = useState<Asking | null>(null);
  const [isTicked, setIsTicked] = useState(false);
  const verb = useVerb({
    run: async (asked: Asked): Promise<Asked | null> => {
      const sent = (): Promise<Asked> => send(view, asked).then(() => asked);
      return asked.act === "approve" ? proof.proved(sent) : proof.provedIfAsked(sent);
    },
    done: (asked) => {
      setAsking(null);
      // Without a code nothing was sent.
      if (asked === null) return;
      say({ kind: "good", text: t(`done.${asked.act}`, { sum: rupees(paise) }) });
      done();
    },
    refused: (problem, asked) => {
      // The dialog keeps what was typed, unless the restoration has changed meanwhile.
      if (asked.act !== "approve" && problem.status !== CONFLICT) return;
      setAsking(null);
      refused(problem);
    },
  });
  const other = otherAccountOf(view);
  const needsTick = other !== undefined;
  const isWrong = checksOf(view, now).some((one) => !one.isGood);
  const may = (act: View["may"][number]): boolean => view.may.includes(act) && !isOld;
  const mayApprove = may("approve") && view.prepared_by !== null && fourEyes === null;
  const why = isBroken ? "broken" : isWrong ? "wrong" : needsTick && !isTicked ? "tick" : null;
  const proposed = file.credit_account;
  const mayConfirm =
    proposed !== null && proposed.confirmed_at === null && actions.includes("confirm_credit_account") && !isOld;
  const isOwnProposal = isActor(officer_id, proposed?.told_by);
  const undecided = view.objections.filter((one) => one.decision === null && !one.release_hears_until);
  const ask = (what: Asking["what"]) => (): void => {
    verb.forget();
    setAsking({ what, view, file });
  };
  useCommand(approveCommands.tick, () => setIsTicked(!isTicked), mayApprove && needsTick);
  return (
    <div className="acts">
      {mayApprove && other && (
        <label className="tick sm">
          <input type="checkbox" checked={isTicked} onChange={(event) => setIsTicked(event.target.checked)} />
          <span>
            {t("tick", { end: other.account_end })} <KeyMark command={approveCommands.tick} />
          </span>
        </label>
      )}
      {may("verify") && <CommandButton command={approveCommands.verify} run={ask("verify")} className="btn first" />}
      {may("take_order") && <CommandButton command={approveCommands.take_order} run={ask("take_order")} className="btn first" />}
      {may("waive_notice") && <CommandButton command={approveCommands.waive_notice} run={ask("waive_notice")} />}
      {may("decide_objection") && undecided.length > 0 && (
        <CommandButton command={approveCommands.decide_objection} run={ask("decide_objection")} className="btn first" />
      )}
      {mayConfirm && (
        <>
          <CommandButton
            command={approveCommands.confirm_credit_account}
            run={ask("confirm_credit_account")}
            isDisabled={isOwnProposal}
            className="btn first"
          />
          {isOwnProposal && <p className="xs warn">{t("same_person.told")}</p>}
        </>
      )}
      {may("prepare") && view.prepared_by === null && (
        <CommandButton command={approveCommands.prepare} run={ask("prepare")} className="btn first" isDisabled={verb.isRunning} />
      )}
      {mayApprove && (
        <CommandButton
          command={approveCommands.approve}
          run={() => verb.act({ act: "approve", duePaise: paise, accountEnd: other?.account_end ?? null })}
          isDisabled={why !== null || verb.isRunning}
          className="btn first go"
        >
          {t("approve", { sum: rupees(paise) })}
        </CommandButton>
      )}
      <div className="pair">
        {may("send_back") && <CommandButton command={approveCommands.send_back} run={ask("send_back")} />}
        {may("refuse") && fourEyes === null && <CommandButton command={approveCommands.refuse} run={ask("refuse")} className="btn no" />}
      </div>
      <p className="xs mut" role="status">
        {mayApprove && why !== null && <b className="warn">{t(`why.${why}`)} </b>}
        {mayApprove && t("code_asked")}
      </p>
      {acts.some((act) => act === "receive_application" || act === "receive_bond") && (
        <Link to="/case/$ackNo" params={{ ackNo: view.case_ack_no }} className="btn first" hash="h-restoration">
          {t("in_case")}
        </Link>
      )}
      {asking !== null && (
        <RestorationDialog asking={asking} isRunning={verb.isRunning} problem={verb.problem} close={() => setAsking(null)} run={(asked) => verb.act(asked)} />
      )}
      {proof.dialog}
    </div>
  );
}
