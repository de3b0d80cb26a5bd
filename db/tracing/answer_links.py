"""The links in the letters to banks: whose they are, until when, and the forms that came back through them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import RequestState


class LinkRow(FrozenModel):
    """A link and the request it is for."""

    link_id: int
    request_id: UUID
    institution: str
    issued_at: UtcDatetime
    expires_at: UtcDatetime
    used_at: UtcDatetime | None
    case_no: str
    request_state: RequestState
    job_id: str | None
    """under which the bank has the request; None where it has told none yet"""


_LINK = (
    "SELECT l.link_id, l.request_id, l.institution, l.issued_at, l.expires_at, l.used_at, r.case_no, r.job_id,"
    " r.state AS request_state FROM answer_link l JOIN hold_request r USING (request_id) WHERE l.token_digest = $1"
)


async def insert(
    connection: Connection,
    token_digest: bytes,
    request_id: UUID,
    institution: str,
    sent_to: str,
    issued_at: datetime,
    expires_at: datetime,
) -> None:
    """Write a new link. The database refuses one for a bank that the request does not ask."""
    await connection.execute(
        "INSERT INTO answer_link (token_digest, request_id, institution, sent_to, issued_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        token_digest,
        request_id,
        institution,
        sent_to,
        issued_at,
        expires_at,
    )


async def find(connection: Connection, token_digest: bytes) -> LinkRow | None:
    """The link with this token, or None."""
    row = await connection.fetchrow(_LINK, token_digest)
    return LinkRow(**dict(row)) if row else None


async def lock(connection: Connection, token_digest: bytes) -> LinkRow | None:
    """As `find`, the link's row locked until the transaction ends: whoever answers through it next waits."""
    await connection.execute("SELECT FROM answer_link WHERE token_digest = $1 FOR UPDATE", token_digest)
    # Read after the lock is there: a row read on the way to it is the row before whoever held it.
    return await find(connection, token_digest)


async def use_up(connection: Connection, link_id: int, at: datetime) -> None:
    """The link has served."""
    await connection.execute("UPDATE answer_link SET used_at = $2 WHERE link_id = $1", link_id, at)


PURGE: Final = """
DELETE FROM answer_link WHERE link_id IN (
    SELECT l.link_id FROM answer_link l WHERE l.used_at IS NULL AND l.expires_at < $1
        AND NOT EXISTS (SELECT FROM answer_link_form f WHERE f.link_id = l.link_id)
    ORDER BY l.expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING link_id
"""


async def purge(connection: Connection, expired_before: datetime, limit: int) -> int:
    """Delete links that ended before that moment and brought no form, the oldest first; returns how many."""
    return len(await connection.fetch(PURGE, expired_before, limit))


async def knows_form(connection: Connection, link_id: int, digest: bytes) -> bool:
    """Whether this very form came through this link before."""
    known: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM answer_link_form WHERE link_id = $1 AND digest = $2)", link_id, digest
    )
    return known


async def keep_form(
    connection: Connection,
    link_id: int,
    at: datetime,
    officer_name: str,
    officer_designation: str,
    form: Mapping[str, str],
    digest: bytes,
    body: bytes,
) -> None:
    """Keep a form that was taken, and who answered; `body` is what was posted, which has no token in it."""
    await connection.execute(
        "INSERT INTO answer_link_form (link_id, received_at, officer_name, officer_designation, form, digest, body)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        link_id,
        at,
        officer_name,
        officer_designation,
        dict(form),
        digest,
        body,
    )
