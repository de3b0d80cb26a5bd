/** One proposal: what would change, who asks for it and why, and the decision of another admin. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { Modal } from "../../parts/Modal.tsx";
import { useProof } from "../../parts/Proof.tsx";
import { ReasonField } from "../../parts/ReasonField.tsx";
import { Refusal } from "../../parts/Refusal.tsx";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { isActor } from "../../text/actors.ts";
import { isReason } from "../../text/reason.ts";
import { ChangeTable } from "./ChangeTable.tsx";
import { ADMIN, proposal, type Proposal, useIsAdmin } from "./reads.ts";
import { Secret } from "./Secret.tsx";
import { Subject } from "./Subject.tsx";
import { actorText, admin, named } from "./text.ts";

type Details = Schemas["ProposalDetails"];
type Decided = Schemas["DecidedProposal"];

function hasSecret(decided: Decided): boolean {
  return decided.sign_in_link != null || decided.bank_login_link != null;
}

export function ProposalDialog({ proposalId, close }: { proposalId: number; close: () => void }): ReactNode {
  const t = admin.use();
  const query = useQuery(proposal(proposalId));
  const [decided, setDecided] = useState<Decided | null>(null);
  const isShownOnce = decided !== null && hasSecret(decided);
  return (
    <Modal title={t("proposal_of", { number: proposalId })} close={close} isFirm={isShownOnce} className="wide">
      {query.error !== null && <ErrorState error={query.error} reset={() => void query.refetch()} />}
      {query.isPending && <LoadingState />}
      {query.data && decided === null && (
        <Look
          found={query.data}
          close={close}
          done={(result) => {
            if (hasSecret(result)) setDecided(result);
            else close();
          }}
        />
      )}
      {decided !== null && <ShownOnce decided={decided} close={close} />}
    </Modal>
  );
}

function Look({ found, done, close }: { found: Details; done: (decided: Decided) => void; close: () => void }): ReactNode {
  const t = admin.use();
  const { proposal: one } = found;
  const isOpen = one.state === "open";
  return (
    <>
      <dl className="admin-facts">
        <Fact name={t("what")}>{named(t, "proposal", one.kind)}</Fact>
        <Fact name={t("subject")}>
          <Subject kind={one.kind} subject={one.subject} />
        </Fact>
        <Fact name={t("proposed_by")}>
          {actorText(t, one.proposed_by)} · <Moment at={Date.parse(one.proposed_at)} />
        </Fact>
        <Fact name={t("reason")}>{one.reason}</Fact>
        {isOpen ? (
          <Fact name={t("valid_until")}>
            <Moment at={Date.parse(one.valid_until)} />
          </Fact>
        ) : (
          <Fact name={t(`state.${one.state}`)}>
            {one.decided_by !== null && actorText(t, one.decided_by)}{" "}
            {one.decided_at !== null && <Moment at={Date.parse(one.decided_at)} />} {one.decided_reason}
          </Fact>
        )}
      </dl>
      <h3>{t("what_changes")}</h3>
      <ChangeTable changes={found.changes} />
      {isOpen && found.is_stale && <p className="note warn">{t("stale")}</p>}
      {isOpen ? <Decision found={found} done={done} close={close} /> : <CloseButton close={close} />}
    </>
  );
}

/** What this officer may do with an open proposal: withdraw the own one, or decide another's. */
function Decision({ found, done, close }: { found: Details; done: (decided: Decided) => void; close: () => void }): ReactNode {
  const t = admin.use();
  const me = useSession().officer_id;
  const isAdmin = useIsAdmin();
  const { proposal: one } = found;
  if (!isAdmin) {
    return (
      <>
        <p className="note">{t("admins_decide")}</p>
        <CloseButton close={close} />
      </>
    );
  }
  if (isActor(me, one.proposed_by)) return <Withdraw proposal={one} close={close} />;
  if (one.subject === me) {
    return (
      <>
        <p className="note warn">{t("about_you")}</p>
        <CloseButton close={close} />
      </>
    );
  }
  return <Decide found={found} done={done} close={close} />;
}

function Decide({ found, done, close }: { found: Details; done: (decided: Decided) => void; close: () => void }): ReactNode {
  const t = admin.use();
  const { proposal: one } = found;
  const [reason, setReason] = useState("");
  const proof = useProof();
  const decide = useVerb({
    run: (decision: "agreed" | "refused") =>
      proof.proved(() =>
        ok(
          api.POST("/api/v1/administration/proposals/{proposal_id}/decide", {
            params: { path: { proposal_id: one.proposal_id } },
            body: { decision, reason: reason.trim(), version: one.version },
          }),
        ),
      ),
    readAgain: [ADMIN],
    done: (result) => {
      // Without a code nothing was sent.
      if (result === null) return;
      say({ kind: "good", text: t(`decided.${result.proposal.state as "agreed" | "refused"}`) });
      done(result);
    },
    refused: () => undefined,
  });
  const isReady = isReason(reason) && !decide.isRunning;
  return (
    <>
      <form
        className="asking"
        onSubmit={(event) => {
          event.preventDefault();
        }}
      >
        <p className="note acc">{t("you_are_second", { proposer: actorText(t, one.proposed_by) })}</p>
        <ReasonField label={t("reason")} value={reason} set={setReason} hasFocus />
        {decide.problem && <Refusal problem={decide.problem} />}
        <div className="row wrap">
          <button type="button" className="btn first" disabled={!isReady || found.is_stale} onClick={() => decide.act("agreed")}>
            {t("agree")}
          </button>
          <button type="button" className="btn" disabled={!isReady} onClick={() => decide.act("refused")}>
            {t("refuse")}
          </button>
          <CloseButton close={close} />
        </div>
      </form>
      {proof.dialog}
    </>
  );
}

function Withdraw({ proposal: one, close }: { proposal: Proposal; close: () => void }): ReactNode {
  const t = admin.use();
  const [reason, setReason] = useState("");
  const withdraw = useVerb({
    run: () =>
      ok(
        api.POST("/api/v1/administration/proposals/{proposal_id}/withdraw", {
          params: { path: { proposal_id: one.proposal_id } },
          body: { reason: reason.trim() },
        }),
      ),
    readAgain: [ADMIN],
    done: close,
    refused: () => undefined,
  });
  return (
    <form
      className="asking"
      onSubmit={(event) => {
        event.preventDefault();
        withdraw.act(undefined);
      }}
    >
      <p className="note warn">{t("your_own")}</p>
      <ReasonField label={t("reason")} value={reason} set={setReason} hasFocus />
      {withdraw.problem && <Refusal problem={withdraw.problem} />}
      <div className="row wrap">
        <button type="submit" className="btn" disabled={!isReason(reason) || withdraw.isRunning}>
          {t("withdraw")}
        </button>
        <CloseButton close={close} />
      </div>
    </form>
  );
}

/** A link that no one can read again. It opens nothing without the code of the admin who proposed. */
function ShownOnce({ decided, close }: { decided: Decided; close: () => void }): ReactNode {
  const t = admin.use();
  const link = decided.sign_in_link ?? decided.bank_login_link;
  if (link == null) return null;
  const proposer = actorText(t, decided.proposal.proposed_by);
  return (
    <>
      <p className="note warn">{t(decided.sign_in_link == null ? "bank_link_once" : "link_once", { proposer })}</p>
      <Secret text={new URL(link.path, location.origin).href} />
      <p className="sm">
        {t("valid_until")} <Moment at={Date.parse(link.valid_until)} />
      </p>
      <button type="button" className="btn first" onClick={close}>
        {t("passed_on")}
      </button>
    </>
  );
}

function CloseButton({ close }: { close: () => void }): ReactNode {
  const t = admin.use();
  return (
    <button type="button" className="btn" onClick={close}>
      {t("close")}
    </button>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
