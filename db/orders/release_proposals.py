"""Releases that officers propose, and what victims say to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from db.person_keys import Opens, SealedText, StoredText, stored_text
from db.pool import Connection
from domain.releases import stage_of
from schemas.orders.releases import Hearing, ReleaseProposal, ReleaseState

MOST_SHOWN: Final = 50
HEARINGS_MOST: Final = 50
"""most hearings of one proposed release"""

_PROPOSAL: Final = (
    "proposal_id, hold_id, case_no AS case_ack_no, grievance_id, paise, whole, reason, proposed_by, proposed_at,"
    " hear_until, needs_second, state, ended_at, ended_by, ended_reason"
)


@dataclass(frozen=True)
class NewProposal:
    """A release as an officer proposes it, with the policy's sums for one officer."""

    hold_id: UUID
    grievance_id: UUID | None
    paise: int
    whole: bool
    reason: str
    hear_until: datetime
    hold_limit_paise: int
    day_limit_paise: int
    policy: str


async def insert(connection: Connection, case_no: str, new: NewProposal, by: str, at: datetime) -> ReleaseProposal:
    """Write a proposed release; the database counts whether a second officer is needed.

    Transactions of one officer wait for each other here, so the caller has locked the case before.
    """
    row = await connection.fetchrow(
        "INSERT INTO release_proposal (case_no, hold_id, grievance_id, paise, whole, reason, proposed_by, proposed_at,"
        " hear_until, hold_limit_paise, day_limit_paise, needs_second, policy)"
        f" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, true, $12) RETURNING {_PROPOSAL}",
        case_no,
        new.hold_id,
        new.grievance_id,
        new.paise,
        new.whole,
        new.reason,
        by,
        at,
        new.hear_until,
        new.hold_limit_paise,
        new.day_limit_paise,
        new.policy,
    )
    assert row is not None, "one row was inserted"
    return _proposal(dict(row), at)


async def waiting(connection: Connection, hold_id: UUID, at: datetime) -> ReleaseProposal | None:
    """Return the release of a hold that waits, with its hearings but not what victims said, or None."""
    row = await connection.fetchrow(
        f"SELECT {_PROPOSAL} FROM release_proposal WHERE hold_id = $1 AND state = 'waits'", hold_id
    )
    if row is None:
        return None
    return _proposal(dict(row), at, await _hearings(connection, [row["proposal_id"]]))


async def of_hold(
    connection: Connection, hold_id: UUID, at: datetime, opens: Opens | None = None
) -> tuple[ReleaseProposal, ...]:
    """Return the releases that were proposed of a hold, the newest first; without `opens` not what victims said."""
    rows = await connection.fetch(
        f"SELECT {_PROPOSAL} FROM release_proposal WHERE hold_id = $1 ORDER BY proposal_id DESC LIMIT $2",
        hold_id,
        MOST_SHOWN,
    )
    heard = await _hearings(connection, [row["proposal_id"] for row in rows], opens)
    return tuple(_proposal(dict(row), at, heard) for row in rows)


async def end(
    connection: Connection, proposal_id: int, state: ReleaseState, by: str, reason: str, at: datetime
) -> None:
    """Write the end of a proposed release."""
    await connection.execute(
        "UPDATE release_proposal SET state = $2, ended_by = $3, ended_reason = $4, ended_at = $5"
        " WHERE proposal_id = $1",
        proposal_id,
        state.value,
        by,
        reason,
        at,
    )


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
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM account_hold a JOIN hop h ON h.case_no = a.case_no"
        " AND h.institution = a.institution AND h.account_key = a.account_key WHERE a.hold_id = $1 AND h.ack_no = $2)",
        hold_id,
        ack_no,
    )
    return found


SAID: Final = stored_text("w", "sealed_said", "'said to ' || w.proposal_id || ' for ' || w.ack_no")
"""statement in row `w` of table `release_hearing`, in the form of `StoredText`"""


def use_of_hearing(proposal_id: int, ack_no: str) -> str:
    """Return what the statement of a victim is bound to."""
    return f"said to {proposal_id} for {ack_no}"


async def hearings_of_case(connection: Connection, case_no: str) -> dict[int, StoredText]:
    """Return what victims of a case said to proposed releases."""
    rows = await connection.fetch(
        f"SELECT w.hearing_id, {SAID} AS said FROM release_hearing w JOIN release_proposal p USING (proposal_id)"
        " WHERE p.case_no = $1",
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
    found: dict[int, tuple[Hearing, ...]] = {}
    for row in rows:
        values = dict(row) | {"said": opens(StoredText(**row["said"])) if opens else ""}
        proposal_id = values.pop("proposal_id")
        found[proposal_id] = (*found.get(proposal_id, ()), Hearing(**values))
    return found


def _proposal(
    row: dict[str, Any], at: datetime, heard: Mapping[int, tuple[Hearing, ...]] | None = None
) -> ReleaseProposal:
    waits = row["state"] == ReleaseState.WAITS
    stage = stage_of(row["hear_until"], needs_second=row["needs_second"], at=at) if waits else None
    hearings = (heard or {}).get(row["proposal_id"], ())
    return ReleaseProposal(**row, stage=stage, hearings=hearings)
