"""Reply links in letters to banks, and the reply forms received through them.

A link has an addressee and an expiry.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.privacy import body_keys
from db.privacy.body_keys import BodyKey
from schemas.banks.keys import About
from schemas.base import FrozenModel, UtcDatetime


class LinkRow(FrozenModel):
    """A link to reply to one hold request or one order."""

    link_id: int
    subject_kind: About
    subject_id: UUID
    institution: str
    issued_at: UtcDatetime
    expires_at: UtcDatetime
    used_at: UtcDatetime | None
    replaced_at: UtcDatetime | None = None
    """when a newer letter about the same subject was sent with a link"""


_LINK: Final = f"SELECT {', '.join(LinkRow.model_fields)} FROM reply_link WHERE subject_kind = $1 AND token_digest = $2"


async def insert(
    connection: Connection,
    about: About,
    subject_id: UUID,
    token_digest: bytes,
    institution: str,
    sent_to: str,
    issued_at: datetime,
    expires_at: datetime,
) -> None:
    """Write a new link. The links before stay until its letter is sent.

    The database refuses a link for a bank to which the request or order does not go.
    """
    await connection.execute(
        "INSERT INTO reply_link (subject_kind, subject_id, token_digest, institution, sent_to, issued_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        about.value,
        subject_id,
        token_digest,
        institution,
        sent_to,
        issued_at,
        expires_at,
    )


_REPLACE: Final = """
UPDATE reply_link l SET replaced_at = greatest(l.issued_at, $3) FROM reply_link n
WHERE n.subject_kind = $1 AND n.token_digest = $2 AND l.subject_id = n.subject_id AND l.link_id < n.link_id
    AND l.used_at IS NULL AND l.replaced_at IS NULL
"""


async def replace_earlier(connection: Connection, about: About, token_digest: bytes, at: datetime) -> None:
    """Write that the letter with this link is sent, so that it replaces the earlier ones about the same subject."""
    await connection.execute(_REPLACE, about.value, token_digest, at)


async def find(connection: Connection, about: About, token_digest: bytes) -> LinkRow | None:
    """Return the link with this token, or None."""
    row = await connection.fetchrow(_LINK, about.value, token_digest)
    return LinkRow(**dict(row)) if row else None


async def lock(connection: Connection, about: About, token_digest: bytes) -> tuple[LinkRow, datetime] | None:
    """Lock the link's row until the transaction ends, and return the link and the present moment; None without one."""
    now: datetime | None = await connection.fetchval(
        # The present moment is read outside the subquery, because the subquery waits for the lock.
        "SELECT present_moment() FROM (SELECT FROM reply_link WHERE token_digest = $1 FOR UPDATE) AS l",
        token_digest,
    )
    # The row is read after the lock is taken, because a row read before it may be out of date.
    link = await find(connection, about, token_digest)
    return (link, now) if link and now else None


async def use_up(connection: Connection, link_id: int, at: datetime) -> None:
    """Write that the link is used. No more replies come through it."""
    await connection.execute("UPDATE reply_link SET used_at = $2 WHERE link_id = $1", link_id, at)


PURGE: Final = """
DELETE FROM reply_link WHERE link_id IN (
    SELECT l.link_id FROM reply_link l WHERE l.used_at IS NULL AND l.expires_at < $1
        AND NOT EXISTS (SELECT FROM reply_form f WHERE f.link_id = l.link_id)
    ORDER BY l.expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING link_id
"""


async def purge(connection: Connection, expired_before: datetime, limit: int) -> int:
    """Delete links without a form that expired before that moment, the oldest first; return how many."""
    return len(await connection.fetch(PURGE, expired_before, limit))


async def knows_form(connection: Connection, link_id: int, digest: bytes) -> bool:
    """Return whether a form with this digest was received through this link before."""
    known: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM reply_form WHERE link_id = $1 AND digest = $2)", link_id, digest
    )
    return known


@dataclass(frozen=True, slots=True)
class SealedForm:
    """A form as it is written, under the key of its case."""

    key: BodyKey
    form: bytes = field(repr=False)
    body: bytes = field(repr=False)


_KEEP_FORM: Final = f"""
WITH {body_keys.insert(10)}
INSERT INTO reply_form (link_id, received_at, officer_name, officer_designation, digest, confirmed_by, person_id,
    sealed_form, sealed_body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def keep_form(
    connection: Connection,
    link_id: int,
    at: datetime,
    officer_name: str,
    officer_designation: str,
    digest: bytes,
    sealed: SealedForm,
    confirmed_by: str | None = None,
) -> None:
    """Store an accepted form and its officer.

    `confirmed_by` is the nodal officer whose code confirmed it, if it needed one.
    """
    await connection.execute(
        _KEEP_FORM,
        link_id,
        at,
        officer_name,
        officer_designation,
        digest,
        confirmed_by,
        sealed.key.person_id,
        sealed.form,
        sealed.body,
        *body_keys.columns([sealed.key]),
    )
