"""Releases that officers propose, and what victims say to them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from db import proposals
from db.pool import Connection
from db.privacy.person_keys import Opens, SealedText, StoredText, stored_text
from db.proposals import Decision, Kind, Proposal
from domain.recovery.holds import stage_of
from schemas.recovery.orders import Hearing, ReleaseProposal, ReleaseState

MOST_SHOWN: Final = 50
HEARINGS_MOST: Final = 50
"""most hearings of one proposed release"""

STATES: Final = {
    None: ReleaseState.WAITS,
    Decision.AGREED: ReleaseState.ORDERED,
    Decision.REFUSED: ReleaseState.REJECTED,
    Decision.OVERTAKEN: ReleaseState.DROPPED,
}
"""state of a release by the decision on its proposal"""


async def waiting(connection: Connection, hold_id: UUID, at: datetime) -> ReleaseProposal | None:
    """Return the release of a hold that waits, with its hearings but not what victims said, or None."""
    proposal = await proposals.open_of(connection, Kind.RELEASE, str(hold_id))
    return shown(proposal, at, await _hearings(connection, [proposal.proposal_id])) if proposal else None


async def of_hold(
    connection: Connection, hold_id: UUID, at: datetime, opens: Opens | None = None
) -> tuple[ReleaseProposal, ...]:
    """Return the releases that were proposed of a hold, the newest first; without `opens` not what victims said."""
    proposed = await proposals.of_subject(connection, Kind.RELEASE, str(hold_id), MOST_SHOWN)
    heard = await _hearings(connection, [proposal.proposal_id for proposal in proposed], opens)
    return tuple(shown(proposal, at, heard) for proposal in proposed)


async def told_about(connection: Connection, hold_id: UUID) -> frozenset[str]:
    """Return the persons who filed, reported or told a thing about a hold."""
    rows = await connection.fetch("SELECT told_about_hold($1) AS who", hold_id)
    return frozenset(row["who"] for row in rows)


async def insert_hearing(
    connection: Connection, proposal_id: int, ack_no: str, by: str, at: datetime, sealed: SealedText
) -> None:
    """Write what the victim of a complaint says to a proposed release."""
    await connection.execute(
        "INSERT INTO release_hearing (proposal_id, ack_no, recorded_by, recorded_at, person_id, sealed_said)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        proposal_id,
        ack_no,
        by,
        at,
        sealed.key.person_id,
        sealed.sealed,
    )


async def has_money(connection: Connection, hold_id: UUID, ack_no: str) -> bool:
    """Return whether a complaint has a hop at the account of a hold."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM account_hold a JOIN hop h ON h.case_no = a.case_no"
        " AND h.institution = a.institution AND h.account_key = a.account_key WHERE a.hold_id = $1 AND h.ack_no = $2)",
        hold_id,
        ack_no,
    )
    return exists


SAID: Final = stored_text("w", "sealed_said", "'said to ' || w.proposal_id || ' for ' || w.ack_no")
"""statement in row `w` of table `release_hearing`, in the form of `StoredText`"""


def use_of_hearing(proposal_id: int, ack_no: str) -> str:
    """Return what the statement of a victim is bound to."""
    return f"said to {proposal_id} for {ack_no}"


async def hearings_of_case(connection: Connection, case_no: str) -> dict[int, StoredText]:
    """Return what victims of a case said to proposed releases."""
    rows = await connection.fetch(
        f"SELECT w.hearing_id, {SAID} AS said FROM release_hearing w JOIN proposal p USING (proposal_id)"
        " WHERE p.kind = 'release' AND p.case_no = $1",
        case_no,
    )
    return {row["hearing_id"]: StoredText(**row["said"]) for row in rows}


async def _hearings(
    connection: Connection, proposal_ids: list[int], opens: Opens | None = None
) -> Mapping[int, tuple[Hearing, ...]]:
    rows = await connection.fetch(
        f"SELECT w.proposal_id, w.ack_no, {SAID} AS said, w.recorded_by, w.recorded_at FROM release_hearing w"
        " WHERE w.proposal_id = ANY($1) ORDER BY w.hearing_id",
        proposal_ids,
    )
    by_proposal: dict[int, tuple[Hearing, ...]] = {}
    for row in rows:
        values = dict(row) | {"said": opens(StoredText(**row["said"])) if opens else ""}
        proposal_id = values.pop("proposal_id")
        by_proposal[proposal_id] = (*by_proposal.get(proposal_id, ()), Hearing(**values))
    return by_proposal


def shown(proposed: Proposal, at: datetime, heard: Mapping[int, tuple[Hearing, ...]] | None = None) -> ReleaseProposal:
    """Return a proposal as a release that waits or has ended."""
    assert proposed.not_before is not None, "the victims are heard"
    body, hear_until = proposed.body, proposed.not_before
    waits = proposed.decision is None
    return ReleaseProposal(
        **proposed.model_dump(include={"proposal_id", "reason", "proposed_by", "proposed_at", "needs_second"}),
        **{name: body[name] for name in ("grievance_id", "objection_id", "paise", "whole")},
        hold_id=UUID(proposed.subject),
        case_ack_no=proposed.case_no or "",
        hear_until=hear_until,
        state=STATES[proposed.decision],
        stage=stage_of(hear_until, needs_second=proposed.needs_second, at=at) if waits else None,
        ended_at=proposed.decided_at,
        ended_by=proposed.decided_by,
        ended_reason=proposed.decided_reason,
        hearings=(heard or {}).get(proposed.proposal_id, ()),
    )
