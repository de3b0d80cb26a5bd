"""Table of proposals: one person makes each, and another one decides it.

A row names its kind, its subject and the matter: only one proposal of a kind is open about a matter of a subject. What
is asked for is in its body. PostgreSQL holds that two persons agree, and that a proposal is decided once.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime
from schemas.identifiers import is_same_person


class Kind(StrEnum):
    """Kinds of proposals."""

    ADMINISTRATION = "administration"
    """subject: officer, team, institution or policy; matter: kind of change"""
    ENTERED = "entered"
    """what only officers entered of a transfer, by telephone or by a workbook; matter: one of these officers"""
    ORDER_STATEMENT = "order_statement"
    """what a bank has stated of an order; matter: digest of the lines"""
    PAYER = "payer"
    """which complaint is right about who paid a transfer; subject: case and hop"""
    RELEASE = "release"
    """of money on hold; subject: the hold. Below the sums of the policy the same officer may agree"""
    RESOLUTION = "resolution"
    """of a discrepancy; matter: number, decision and officer"""
    VICTIM_CORRECTION = "victim_correction"
    """other personal data of a victim, sealed; the reason is sealed in the body"""


class Decision(StrEnum):
    """End of a proposal."""

    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """its time was over"""
    OVERTAKEN = "overtaken"
    """a newer one, or another act, takes its place"""


class _Asked(FrozenModel):
    kind: Kind
    subject: str
    matter: str = ""
    case_no: str | None = None
    body: dict[str, Any]
    reason: str = ""
    proposed_by: str
    proposed_at: UtcDatetime
    valid_until: UtcDatetime | None = None
    """nothing is agreed to after this time"""
    not_before: UtcDatetime | None = None
    """nothing is agreed to before this time"""


class NewProposal(_Asked):
    """A proposal as it is written."""

    about_officer: str | None = None
    """the officer who may not agree to it"""
    code_digest: bytes | None = Field(default=None, repr=False)
    """of the code without which the link of an agreement opens nothing"""


class Proposal(_Asked):
    """A proposal as it is read."""

    proposal_id: int
    needs_second: bool
    decision: Decision | None
    """None: open"""
    decided_by: str | None
    decided_at: UtcDatetime | None
    decided_reason: str
    given_to: str | None
    """of a payer: the complaint that owns the money, if the one that is right is in another case"""


COLUMNS: Final = ", ".join(Proposal.model_fields)
_NEW: Final = tuple(NewProposal.model_fields)
_INSERT: Final = (
    f"INSERT INTO proposal ({', '.join(_NEW)}) VALUES ({', '.join(f'${n}' for n in range(1, len(_NEW) + 1))})"
    f" ON CONFLICT (kind, subject, matter) WHERE decision IS NULL DO NOTHING RETURNING {COLUMNS}"
)


async def lock(connection: Connection, kind: Kind) -> None:
    """Lock the proposals of a kind against others who call this, until the transaction ends. Reads go on."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('proposal:' || $1, 0))", kind.value)


async def insert(connection: Connection, new: NewProposal) -> Proposal | None:
    """Write a proposal and return it; None if one about the same matter is open."""
    row = await connection.fetchrow(_INSERT, *(getattr(new, name) for name in _NEW))
    return Proposal(**dict(row)) if row else None


async def replace(connection: Connection, new: NewProposal) -> Proposal:
    """Write a proposal in place of the open one about the same matter, and return it.

    The caller has locked the subject.
    """
    if (waiting := await open_of(connection, new.kind, new.subject, new.matter)) is not None:
        await decide(connection, waiting.proposal_id, Decision.OVERTAKEN, new.proposed_by, new.proposed_at)
    written = await insert(connection, new)
    assert written is not None, "the lock keeps out another one"
    return written


async def find(connection: Connection, kind: Kind, proposal_id: int) -> Proposal | None:
    """Return a proposal, or None if the kind has none with this number."""
    proposals = await _read(connection, "kind = $1 AND proposal_id = $2", kind.value, proposal_id)
    return proposals[0] if proposals else None


async def open_of(connection: Connection, kind: Kind, subject: str, matter: str = "") -> Proposal | None:
    """Return the open proposal about a matter of a subject, or None."""
    return next(
        (proposal for proposal in await open_ones(connection, kind, subject) if proposal.matter == matter), None
    )


async def agree_to_same(connection: Connection, new: NewProposal) -> str | None:
    """Agree to the oldest open proposal that asks for the same as `new`, as its officer; return who made it.

    None if no other person has made one.
    """
    for proposal in await open_ones(connection, new.kind, new.subject):
        if proposal.body == new.body and not is_same_person(proposal.proposed_by, new.proposed_by):
            await decide(connection, proposal.proposal_id, Decision.AGREED, new.proposed_by, new.proposed_at)
            return proposal.proposed_by
    return None


async def open_ones(connection: Connection, kind: Kind, subject: str) -> list[Proposal]:
    """Return the open proposals about a subject, the oldest first."""
    where = "kind = $1 AND subject = $2 AND decision IS NULL ORDER BY proposal_id"
    return await _read(connection, where, kind.value, subject)


async def of_subject(connection: Connection, kind: Kind, subject: str, limit: int) -> list[Proposal]:
    """Return the proposals about a subject, the newest first."""
    where = "kind = $1 AND subject = $2 ORDER BY proposal_id DESC LIMIT $3"
    return await _read(connection, where, kind.value, subject, limit)


async def decide(
    connection: Connection,
    proposal_id: int,
    decision: Decision,
    by: str,
    at: datetime,
    reason: str = "",
    *,
    given_to: str | None = None,
) -> Proposal:
    """Write the decision and return the proposal.

    The database refuses a second decision, the agreement of one person, and one out of time.
    """
    row = await connection.fetchrow(
        "UPDATE proposal SET decision = $2, decided_by = $3, decided_at = $4, decided_reason = $5, given_to = $6"
        f" WHERE proposal_id = $1 RETURNING {COLUMNS}",
        proposal_id,
        decision.value,
        by,
        at,
        reason,
        given_to,
    )
    assert row is not None, "the caller has read the proposal"
    return Proposal(**dict(row))


async def _read(connection: Connection, where: str, *values: object) -> list[Proposal]:
    rows = await connection.fetch(f"SELECT {COLUMNS} FROM proposal WHERE {where}", *values)
    return [Proposal(**dict(row)) for row in rows]
