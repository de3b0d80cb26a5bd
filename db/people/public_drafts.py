"""Drafts of the public page: their codes and visits, and whether their complainant is confirmed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db import sessions
from db.pool import Connection
from db.sessions import SessionKind
from schemas.base import FrozenModel, UtcDatetime


class PublicDraft(FrozenModel):
    """A draft of the public page beside its content."""

    draft_id: UUID
    code_digest: bytes
    ack_no: str | None
    sent_at: UtcDatetime | None
    asked_paise: int
    confirmed_at: UtcDatetime | None
    confirmed_digest: bytes | None
    """keyed digest of the mobile that was confirmed"""
    finished_at: UtcDatetime | None
    called_at: UtcDatetime | None
    """when the call was missed whose link began it; None without one"""

    @property
    def is_confirmed(self) -> bool:
        """Return whether a one-time code has confirmed the mobile."""
        return self.confirmed_at is not None


_COLUMNS: Final = (
    "p.draft_id, p.code_digest, d.ack_no, d.sent_at, p.asked_paise, p.confirmed_at, p.confirmed_digest,"
    " p.finished_at,"
    " (SELECT k.last_call_at FROM draft k WHERE k.draft_id = p.call_id) AS called_at"
)


async def insert(
    connection: Connection,
    draft_id: UUID,
    code_digest: bytes,
    *,
    call_id: UUID | None = None,
    network: bytes | None = None,
) -> None:
    """Write a draft of the public page, whose draft is written. `call_id` is the missed call that it belongs to.

    `network` is the digest of the network that it comes from.
    """
    await connection.execute(
        "INSERT INTO public_draft (draft_id, code_digest, call_id, network) VALUES ($1, $2, $3, $4)",
        draft_id,
        code_digest,
        call_id,
        network,
    )


_OPEN: Final = (
    "draft d JOIN public_draft p USING (draft_id) WHERE d.owner = 'complainant' AND d.ended_at IS NULL"
    " AND d.ack_no IS NULL AND p.call_id IS NULL"
)


async def take_of_fullest_network(connection: Connection) -> tuple[UUID, UUID] | None:
    """Lock and return the draft to forget for a new one, with its key's number; None without one.

    It is not sent and not confirmed, and of the drafts of the network that has the most it was saved the longest ago.
    A network with one draft keeps it.
    """
    row = await connection.fetchrow(
        f"SELECT d.draft_id, d.person_id FROM {_OPEN} AND d.sent_by IS NULL AND p.confirmed_at IS NULL AND p.network ="
        f" (SELECT p.network FROM {_OPEN} AND d.sent_by IS NULL AND p.confirmed_at IS NULL AND p.network IS NOT NULL"
        " GROUP BY p.network HAVING count(*) > 1 ORDER BY count(*) DESC, min(d.saved_at) LIMIT 1)"
        " ORDER BY d.saved_at LIMIT 1 FOR UPDATE OF d SKIP LOCKED"
    )
    return (row["draft_id"], row["person_id"]) if row else None


async def count_open(connection: Connection) -> int:
    """Return how many drafts of the public page are open and not sent, without those of missed calls."""
    count: int = await connection.fetchval(f"SELECT count(*) FROM {_OPEN}")
    return count


async def take_unsent(connection: Connection, before: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Lock and return open drafts without a complaint that were not saved since `before`, each with its key's number.

    Those that are confirmed or belong to a missed call are left out.
    """
    rows = await connection.fetch(
        "SELECT d.draft_id, d.person_id FROM draft d JOIN public_draft p USING (draft_id)"
        " WHERE d.owner = 'complainant' AND d.ended_at IS NULL AND d.ack_no IS NULL AND d.sent_by IS NULL"
        " AND d.saved_at <= $1 AND p.confirmed_at IS NULL AND p.call_id IS NULL"
        " ORDER BY d.saved_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED",
        before,
        limit,
    )
    return [(row["draft_id"], row["person_id"]) for row in rows]


async def of_code(connection: Connection, code_digests: Sequence[bytes]) -> PublicDraft | None:
    """Return the open draft of a code, or None."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM public_draft p JOIN draft d USING (draft_id)"
        " WHERE p.code_digest = ANY ($1) AND d.ended_at IS NULL",
        list(code_digests),
    )
    return PublicDraft(**dict(row)) if row else None


async def get(connection: Connection, draft_id: UUID) -> PublicDraft:
    """Return a draft of the public page."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM public_draft p JOIN draft d USING (draft_id) WHERE p.draft_id = $1", draft_id
    )
    assert row is not None, "the caller has opened the draft"
    return PublicDraft(**dict(row))


# -- visits ------------------------------------------------------------------------------------------------------------


async def begin_visit(connection: Connection, draft_id: UUID, token_digest: bytes, longest: timedelta) -> None:
    """Open a draft in a browser, in the caller's transaction. An earlier visit of it ends."""
    # Two that begin at the same time would not see each other.
    await connection.execute("SELECT FROM public_draft WHERE draft_id = $1 FOR NO KEY UPDATE", draft_id)
    await connection.execute(
        "UPDATE session SET ended_at = present_moment() WHERE draft_id = $1 AND ended_at IS NULL", draft_id
    )
    await sessions.begin(connection, SessionKind.PUBLIC_FORM, str(draft_id), token_digest, longest)


async def visit(connection: Connection, token_digest: bytes, idle: timedelta) -> PublicDraft | None:
    """Return the draft that a visit has open, and note its use; None if it is over."""
    return await sessions.find(
        connection,
        SessionKind.PUBLIC_FORM,
        token_digest,
        idle,
        PublicDraft,
        _COLUMNS,
        "public_draft p JOIN draft d USING (draft_id)",
        "p.draft_id = s.draft_id AND d.ended_at IS NULL",
    )


# -- what is proven, and what was asked for ----------------------------------------------------------------------------


async def ask_unconfirmed(connection: Connection, draft_id: UUID, paise: int) -> None:
    """Note the sum for which banks are asked before the mobile is confirmed. It never becomes less."""
    await connection.execute(
        "UPDATE public_draft SET asked_paise = greatest(asked_paise, $2) WHERE draft_id = $1", draft_id, paise
    )


async def confirm(connection: Connection, draft_id: UUID, mobile_digest: bytes, at: datetime) -> None:
    """Note that a one-time code has confirmed the mobile."""
    await connection.execute(
        "UPDATE public_draft SET confirmed_at = $3, confirmed_digest = $2 WHERE draft_id = $1 AND confirmed_at IS NULL",
        draft_id,
        mobile_digest,
        at,
    )


async def keep_confirmed(connection: Connection, draft_id: UUID, mobile_digests: Sequence[bytes]) -> None:
    """Take the confirmation away unless it is of this mobile, which has a digest under each known secret key."""
    await connection.execute(
        "UPDATE public_draft SET confirmed_at = NULL, confirmed_digest = NULL WHERE draft_id = $1"
        " AND confirmed_digest <> ALL ($2)",
        draft_id,
        list(mobile_digests),
    )


async def finish(connection: Connection, draft_id: UUID, at: datetime) -> None:
    """Note that the complainant has sent the whole complaint."""
    await connection.execute(
        "UPDATE public_draft SET finished_at = coalesce(finished_at, $2) WHERE draft_id = $1", draft_id, at
    )


class Unconfirmed(FrozenModel):
    """A complaint of the page whose mobile is not confirmed, and of which the desk does not know yet."""

    draft_id: UUID
    ack_no: str
    case_no: str
    sent_at: UtcDatetime


UNCONFIRMED: Final = (
    "SELECT p.draft_id, c.ack_no, c.case_no, d.sent_at FROM public_draft p JOIN draft d USING (draft_id)"
    " JOIN complaint c USING (ack_no) WHERE p.asked_paise > 0 AND p.confirmed_at IS NULL"
    " AND p.desk_told_at IS NULL AND d.sent_at <= $1 ORDER BY d.sent_at LIMIT $2"
)


async def unconfirmed(connection: Connection, sent_before: datetime, limit: int) -> list[Unconfirmed]:
    """Return such complaints that were sent before a time, the oldest first."""
    rows = await connection.fetch(UNCONFIRMED, sent_before, limit)
    return [Unconfirmed(**dict(row)) for row in rows]


async def tell_desk(connection: Connection, draft_id: UUID, at: datetime) -> bool:
    """Note that the desk gets a work item; false if it had one, or the mobile is confirmed meanwhile."""
    done = await connection.fetchval(
        "UPDATE public_draft SET desk_told_at = $2 WHERE draft_id = $1 AND desk_told_at IS NULL"
        " AND confirmed_at IS NULL RETURNING true",
        draft_id,
        at,
    )
    return bool(done)


async def call_of(connection: Connection, draft_id: UUID) -> UUID | None:
    """Return the draft of the missed call whose link began this one, if no officer has taken it; locked."""
    call_id: UUID | None = await connection.fetchval(
        "SELECT d.draft_id FROM public_draft p JOIN draft d ON d.draft_id = p.call_id WHERE p.draft_id = $1"
        " AND d.owner IS NULL AND d.ended_at IS NULL FOR UPDATE OF d",
        draft_id,
    )
    return call_id
