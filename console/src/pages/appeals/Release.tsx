/** A release that waits: the sum, until when the victims are heard, what they said, and who may confirm it. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Rupees } from "../../parts/money.tsx";
import { Moment } from "../../parts/time.tsx";
import { personOf } from "../../text/actors.ts";
import { inWords } from "../../text/rupees.ts";
import { Panel } from "./HoldParts.tsx";
import { type Proposal, proposals } from "./reads.ts";
import { appeals } from "./text.ts";

/** The release of a hold that waits, and what victims said to it; undefined until it is read. */
export function useProposal(holdId: string): Proposal | null | undefined {
  const found = useQuery(proposals(holdId));
  return found.data && (found.data.releases.find((one) => one.state === "waits") ?? null);
}

/** The sum of a release that waits, if it is less than all; null otherwise. */
export function partOf(proposal: Proposal | null | undefined): number | null {
  return proposal && !proposal.whole ? proposal.paise : null;
}

export function Release({ holdId, proposal }: { holdId: string; proposal: Proposal | null | undefined }): ReactNode {
  const t = appeals.use();
  const earlier = useQuery(proposals(holdId)).data?.releases.filter((one) => one.state !== "waits") ?? [];
  if (!proposal && earlier.length === 0) return null;
  return (
    <Panel id="h-release" title={t("release")}>
      {proposal && (
        <div className="appeals-body">
          <p>
            <b className="appeals-sum">
              <Rupees paise={proposal.paise} />
            </b>{" "}
            <span className="mut">{inWords(proposal.paise, t.language)}</span>{" "}
            {t(proposal.whole ? "release.whole" : "release.part")}
          </p>
          <p>
            {t("release.by", { officer: personOf(proposal.proposed_by) })} <Moment at={Date.parse(proposal.proposed_at)} />:{" "}
            {proposal.reason}
          </p>
          <p className="b">
            {proposal.stage && t(`stage.${proposal.stage}`)}{" "}
            <span className="nw">
              {t(proposal.stage === "victim_is_heard" ? "heard_until" : "heard_over")} <Moment at={Date.parse(proposal.hear_until)} />
            </span>
          </p>
          <p className="mut">{t(proposal.needs_second ? "release.second" : "release.any")}</p>
          {(proposal.hearings ?? []).length === 0 && <p className="mut">{t("hearings.none")}</p>}
          {proposal.hearings?.map((one) => (
            <blockquote key={`${one.ack_no} ${one.recorded_at}`}>
              {one.said}
              <footer className="xs mut">
                {t("hearings.by", { number: one.ack_no, officer: personOf(one.recorded_by) })}{" "}
                <Moment at={Date.parse(one.recorded_at)} />
              </footer>
            </blockquote>
          ))}
        </div>
      )}
      {earlier.length > 0 && (
        <ul className="appeals-body sm">
          {earlier.map((one) => (
            <li key={one.proposal_id}>
              <Rupees paise={one.paise} /> {t(`release_state.${one.state}`)}
              {one.ended_by !== null && ` · ${personOf(one.ended_by)}`}
              {one.ended_reason && ` · ${one.ended_reason}`}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
