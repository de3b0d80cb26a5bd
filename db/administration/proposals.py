"""Changes that one admin proposes and another one decides."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from asyncpg import Record
from pydantic import Field, TypeAdapter

from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from domain.errors.administration import ProposalNotFound
from schemas.administration import (
    Asked,
    Proposal,
    ProposalAnswer,
    ProposalKind,
    ProposalPage,
    ProposalState,
)
from schemas.base import FrozenModel, UtcDatetime
from schemas.changes import Change

_COLUMNS: Final = """proposal_id, kind, subject, coalesce(decision, 'open') AS state, asked, changes, reason,
    proposed_by, proposed_at, valid_until, decided_by, decided_at, decided_reason"""
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM administration_proposal
WHERE ($1::text IS NULL OR coalesce(decision, 'open') = $1) AND ($2::text IS NULL OR kind = $2)
    AND ($3::text IS NULL OR subject = $3) AND ($4::bigint IS NULL OR proposal_id < $4)
ORDER BY proposal_id DESC LIMIT $5
"""
ASKED: Final[TypeAdapter[Asked]] = TypeAdapter(Asked)
SETTING: Final = "goldenhour.proposal_id"
"""names the proposal to the events that triggers write in the same transaction"""


class NewRow(FrozenModel):
    """A proposal as it is written."""

    asked: Asked
    subject: str
    about_officer: str | None
    changes: tuple[Change, ...]
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    valid_until: UtcDatetime
    code_digest: bytes | None = Field(repr=False)
    """of the code without which the link of an agreement opens nothing"""


class StoredProposal(FrozenModel):
    """A proposal with what it asks for and what would change."""

    proposal: Proposal
    asked: Asked
    changes: tuple[Change, ...]


async def lock(connection: Connection) -> None:
    """Lock the proposals against other writers until the transaction ends. Reads go on."""
    await connection.execute("LOCK TABLE administration_proposal IN SHARE ROW EXCLUSIVE MODE")


async def end_over(
    connection: Connection, kind: ProposalKind, subject: str, by: str, reason: str, at: datetime
) -> int | None:
    """End the open proposal of this kind for the subject if its time is over; return its number."""
    over: int | None = await connection.fetchval(
        "UPDATE administration_proposal SET decision = 'expired', decided_by = $3, decided_reason = $4, decided_at = $5"
        " WHERE kind = $1 AND subject = $2 AND decision IS NULL AND valid_until < $5 RETURNING proposal_id",
        kind.value,
        subject,
        by,
        reason,
        at,
    )
    return over


async def open_of(connection: Connection, kind: ProposalKind, subject: str) -> int | None:
    """Return the open proposal of this kind for the subject, or None."""
    found: int | None = await connection.fetchval(
        "SELECT proposal_id FROM administration_proposal WHERE kind = $1 AND subject = $2 AND decision IS NULL",
        kind.value,
        subject,
    )
    return found


async def count_open(connection: Connection, now: datetime) -> int:
    """Return how many proposals may be agreed to now."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM administration_proposal WHERE decision IS NULL AND valid_until > $1", now
    )
    return found


async def insert(connection: Connection, row: NewRow) -> int:
    """Write a proposal; return its number."""
    proposal_id: int = await connection.fetchval(
        "INSERT INTO administration_proposal (kind, subject, about_officer, asked, changes, reason, proposed_by,"
        " proposed_at, valid_until, code_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " RETURNING proposal_id",
        row.asked.kind.value,
        row.subject,
        row.about_officer,
        row.asked.model_dump(mode="json"),
        [one.model_dump() for one in row.changes],
        row.reason,
        row.proposed_by,
        row.proposed_at,
        row.valid_until,
        row.code_digest,
    )
    return proposal_id


async def get(connection: Connection, proposal_id: int) -> StoredProposal:
    """Return one proposal. Raises `ProposalNotFound`."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM administration_proposal WHERE proposal_id = $1", proposal_id
    )
    if row is None:
        raise ProposalNotFound(proposal_id)
    asked = ASKED.validate_python(row["asked"])
    return StoredProposal(proposal=_proposal(row), asked=asked, changes=tuple(Change(**one) for one in row["changes"]))


async def page(
    connection: Connection,
    state: ProposalState | None,
    kind: ProposalKind | None,
    subject: str | None,
    after: str | None,
    limit: int,
) -> ProposalPage:
    """Return a page of proposals, the newest first. Raises `BadCursor`."""
    last = int_after(after) if after else None
    found = await connection.fetch(_PAGE, state and state.value, kind and kind.value, subject, last, limit + 1)
    rows, more = cut(found, limit)
    items = tuple(map(_proposal, rows))
    return ProposalPage(items=items, next=to_cursor(items[-1].proposal_id) if more else None)


async def decide(
    connection: Connection,
    proposal_id: int,
    decision: ProposalAnswer | ProposalState,
    by: str,
    reason: str,
    at: datetime,
) -> None:
    """Write the decision. The database refuses a second one, and the agreement of one person or of no admin."""
    await connection.execute(
        "UPDATE administration_proposal SET decision = $2, decided_by = $3, decided_reason = $4, decided_at = $5"
        " WHERE proposal_id = $1",
        proposal_id,
        decision.value,
        by,
        reason,
        at,
    )


async def name_in_events(connection: Connection, proposal_id: int) -> None:
    """Let the events of this transaction name the proposal."""
    await connection.execute("SELECT set_config($1, $2, true)", SETTING, str(proposal_id))


def _proposal(row: Record) -> Proposal:
    shown = {name: row[name] for name in Proposal.model_fields if name != "version"}
    return Proposal(**shown, version=_version(row["asked"], row["changes"]))


def _version(asked: Any, changes: Sequence[Any]) -> str:
    """Return a digest of what the deciding admin sees."""
    return sha256(orjson.dumps([asked, changes], option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
