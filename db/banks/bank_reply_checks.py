"""Replies that one person of a bank has filled in, and another one sends or gives back."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import asyncpg
from pydantic import Field

from db.banks.bank_keys import EVIDENCE, Evidence, evidence_of
from db.pool import Connection
from db.privacy.body_keys import OpensBody
from domain.errors.banks import BankPersonUnconfirmed, BankReplyWaits, BankTablesTooMany
from schemas.base import FrozenModel, UtcDatetime

WAITING_MAX: Final = 200
NOTE_MAX_CHARS: Final = 300
TABLES_MAX: Final = 20
"""tables of a bank that wait at one time; a trigger holds it"""
TABLES_SHOWN_FOR: Final = timedelta(days=7)
"""time for which a file that was given back is shown"""
TABLES_SHOWN_MAX: Final = 20


class ReplyKind(StrEnum):
    """Kind of a reply in the inbox."""

    HOLD = "hold"
    FURTHER = "further"
    """a further statement about an answered request"""
    ORDER = "order"
    TABLE = "table"
    """a file of answers to many requests"""


class CheckOutcome(StrEnum):
    """Decision of the second person."""

    SENT = "sent"
    RETURNED = "returned"


class ReplyCheck(FrozenModel):
    """A reply that waits for a second person."""

    check_id: UUID
    institution: str
    kind: ReplyKind
    subject_id: UUID | None
    case_no: str | None
    """of the request or the order; None for a table"""
    evidence_id: int
    made_by: UUID
    made_at: UtcDatetime
    name: str = Field(repr=False)
    """of the first person"""
    designation: str


class Decided(FrozenModel):
    """Decision about a reply: what, by whom and when."""

    outcome: CheckOutcome
    name: str = Field(repr=False)
    by_maker: bool
    """whether the first person took it back"""
    at: UtcDatetime


class GivenBack(FrozenModel):
    """A reply that was given back."""

    check: ReplyCheck
    name: str = Field(repr=False)
    """who gave it back"""
    by_maker: bool
    """whether the first person took it back"""
    at: UtcDatetime
    note: str
    """what is to be corrected; empty if nothing was written"""


_COLUMNS: Final = """
c.check_id, c.institution, c.kind, c.subject_id, coalesce(r.case_no, o.case_no) AS case_no, c.evidence_id,
    c.made_by, c.made_at, p.name, p.designation
"""
_FROM: Final = """
FROM bank_reply_check c JOIN bank_person p ON p.person_id = c.made_by
LEFT JOIN hold_request r ON r.request_id = c.subject_id LEFT JOIN bank_order o ON o.order_id = c.subject_id
"""
_GIVEN_BACK: Final = f"""
SELECT {_COLUMNS}, c.outcome, c.decided_by, c.decided_at, c.note, d.name AS decider {_FROM}
LEFT JOIN bank_person d ON d.person_id = c.decided_by
"""
_ROW: Final = f"SELECT {_COLUMNS} {_FROM} WHERE c.institution = $1 AND c.outcome IS NULL"


async def ask(
    connection: Connection,
    check_id: UUID,
    institution: str,
    kind: ReplyKind,
    subject_id: UUID | None,
    evidence_id: int,
    made_by: UUID,
) -> None:
    """Write that a reply waits. Raises `BankReplyWaits`, `BankTablesTooMany` and `BankPersonUnconfirmed`."""
    try:
        await connection.execute(
            "INSERT INTO bank_reply_check (check_id, institution, kind, subject_id, evidence_id, made_by, made_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, present_moment())",
            check_id,
            institution,
            kind.value,
            subject_id,
            evidence_id,
            made_by,
        )
    except asyncpg.UniqueViolationError:
        raise BankReplyWaits from None
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "bank_reply_check_tables_at_most":
            raise BankTablesTooMany(TABLES_MAX) from None
        raise BankPersonUnconfirmed from None


async def refuse_more(connection: Connection, institution: str, kind: ReplyKind, subject_id: UUID | None) -> None:
    """Refuse what `ask` would refuse, before anything is stored. Raises `BankReplyWaits` and `BankTablesTooMany`."""
    count = await connection.fetchval(
        "SELECT count(*) FROM bank_reply_check WHERE institution = $1 AND kind = $2 AND outcome IS NULL"
        " AND subject_id IS NOT DISTINCT FROM $3",
        institution,
        kind.value,
        subject_id,
    )
    if subject_id is None and count >= TABLES_MAX:
        raise BankTablesTooMany(TABLES_MAX)
    if subject_id is not None and count:
        raise BankReplyWaits


async def waiting(connection: Connection, institution: str) -> list[ReplyCheck]:
    """Return the replies of a bank that wait, the oldest first."""
    rows = await connection.fetch(f"{_ROW} ORDER BY c.made_at, c.check_id LIMIT $2", institution, WAITING_MAX)
    return [ReplyCheck(**dict(row)) for row in rows]


async def find(connection: Connection, institution: str, check_id: UUID) -> ReplyCheck | None:
    """Return a reply of a bank that waits, or None."""
    row = await connection.fetchrow(f"{_ROW} AND c.check_id = $2", institution, check_id)
    return ReplyCheck(**dict(row)) if row else None


async def about(connection: Connection, institution: str, kind: ReplyKind, subject_id: UUID) -> ReplyCheck | None:
    """Return the reply of a kind about a request or an order that waits, or None."""
    row = await connection.fetchrow(
        f"{_ROW} AND c.kind = $2 AND c.subject_id = $3", institution, kind.value, subject_id
    )
    return ReplyCheck(**dict(row)) if row else None


async def decided(connection: Connection, institution: str, check_id: UUID) -> Decided | None:
    """Return the decision about a reply of a bank, or None if it waits or is unknown."""
    row = await connection.fetchrow(
        "SELECT c.outcome, c.decided_at AS at, p.name, c.decided_by = c.made_by AS by_maker FROM bank_reply_check c"
        " JOIN bank_person p ON p.person_id = c.decided_by WHERE c.institution = $1 AND c.check_id = $2",
        institution,
        check_id,
    )
    return Decided(**dict(row)) if row else None


async def tables_given_back(connection: Connection, institution: str) -> list[GivenBack]:
    """Return the files of a bank that were given back lately, the newest first."""
    rows = await connection.fetch(
        f"{_GIVEN_BACK} WHERE c.institution = $1 AND c.kind = 'table' AND c.outcome = 'returned'"
        " AND c.decided_by <> c.made_by AND c.decided_at > present_moment() - $2::interval"
        " ORDER BY c.decided_at DESC LIMIT $3",
        institution,
        TABLES_SHOWN_FOR,
        TABLES_SHOWN_MAX,
    )
    return [_given_back(dict(row)) for row in rows]


async def given_back(connection: Connection, institution: str, kind: ReplyKind, subject_id: UUID) -> GivenBack | None:
    """Return the newest reply of a bank about a request or an order if it was given back, or None."""
    row = await connection.fetchrow(
        f"{_GIVEN_BACK} WHERE c.subject_id = $3 AND c.institution = $1 AND c.kind = $2 ORDER BY c.made_at DESC LIMIT 1",
        institution,
        kind.value,
        subject_id,
    )
    if row is None or row["outcome"] != CheckOutcome.RETURNED.value:
        return None
    return _given_back(dict(row))


def _given_back(row: dict[str, Any]) -> GivenBack:
    check = ReplyCheck(**{name: row[name] for name in ReplyCheck.model_fields})
    by_maker = row["decided_by"] == check.made_by
    return GivenBack(check=check, name=row["decider"], by_maker=by_maker, at=row["decided_at"], note=row["note"] or "")


async def all_given_back(
    connection: Connection, institution: str, kinds: Sequence[ReplyKind], subject_ids: Sequence[UUID]
) -> frozenset[UUID]:
    """Return those of these requests and orders of a bank whose newest reply of these kinds was given back."""
    rows = await connection.fetch(
        "SELECT subject_id FROM (SELECT DISTINCT ON (subject_id) subject_id, outcome FROM bank_reply_check"
        " WHERE subject_id = ANY ($2) AND institution = $1 AND kind = ANY ($4) ORDER BY subject_id, made_at DESC)"
        " AS newest WHERE outcome = $3",
        institution,
        list(subject_ids),
        CheckOutcome.RETURNED.value,
        [kind.value for kind in kinds],
    )
    return frozenset(row["subject_id"] for row in rows)


async def lock(connection: Connection, check_id: UUID) -> bool:
    """Return whether a reply still waits, which stays so until the transaction ends."""
    statement = "SELECT true FROM bank_reply_check WHERE check_id = $1 AND outcome IS NULL FOR NO KEY UPDATE"
    return bool(await connection.fetchval(statement, check_id))


async def keep_confirmed(connection: Connection, checker: UUID, maker: UUID) -> set[UUID]:
    """Return who of the two people of a reply counts, which stays so until the transaction ends.

    The police have confirmed both, and the login of the second person has not ended.
    """
    rows = await connection.fetch(
        "SELECT person_id FROM bank_person WHERE confirmed_at IS NOT NULL"
        " AND (person_id = $1 AND ended_at IS NULL OR person_id = $2) ORDER BY person_id FOR SHARE",
        checker,
        maker,
    )
    return {row["person_id"] for row in rows}


async def decide(connection: Connection, check_id: UUID, outcome: CheckOutcome, by: UUID, note: str = "") -> None:
    """Write the decision of the second person about a reply that is locked. `note` says why it is given back.

    Raises `asyncpg.CheckViolationError` if the first person sends it, or one whom the police have not confirmed.
    """
    await connection.execute(
        "UPDATE bank_reply_check SET outcome = $2, decided_by = $3, decided_at = present_moment(), note = $4"
        " WHERE check_id = $1",
        check_id,
        outcome.value,
        by,
        note or None,
    )


async def form_of(connection: Connection, check: ReplyCheck, opens: OpensBody) -> Evidence:
    """Return the form as the first person sent it, opened."""
    row = await connection.fetchrow(f"{EVIDENCE} WHERE e.evidence_id = $1", check.evidence_id)
    assert row is not None, "the foreign key keeps it"
    return evidence_of(row, opens)
