"""Sign-in links, made or used, of which officers and admins are still to be told."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from pydantic import Field

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language


class LinkToTell(FrozenModel):
    """A link as it stands, with the persons who are told of it."""

    digest: bytes = Field(repr=False)
    officer_id: str
    made_at: UtcDatetime
    used_at: UtcDatetime | None
    attempts: int
    """attempts to tell of it, this one included"""
    proposed_by: str | None
    """None for a link of the command"""
    decided_by: str | None


class ToldPerson(FrozenModel):
    """An officer whom a letter goes to."""

    officer_id: str
    email: str
    mobile: str
    language: Language


_CLAIM: Final = """
UPDATE sign_in_link l SET attempts = attempts + 1, next_attempt_at = $2 FROM (
    SELECT d.digest, p.proposed_by, p.decided_by
    FROM (SELECT digest, proposal_id FROM sign_in_link WHERE next_attempt_at <= $1
          ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS d
    LEFT JOIN administration_proposal p USING (proposal_id)
) AS due WHERE l.digest = due.digest
RETURNING l.digest, l.officer_id, l.made_at, l.used_at, l.attempts, due.proposed_by, due.decided_by
"""


async def claim(connection: Connection, now: datetime, lease_until: datetime, limit: int) -> list[LinkToTell]:
    """Claim the links that are due to be told of; others leave them until `lease_until`."""
    return [LinkToTell(**dict(row)) for row in await connection.fetch(_CLAIM, now, lease_until, limit)]


async def persons(connection: Connection, officer_ids: Collection[str]) -> list[ToldPerson]:
    """Return these officers with their contacts."""
    rows = await connection.fetch(
        "SELECT officer_id, email, mobile, language FROM officer WHERE officer_id = ANY($1) ORDER BY officer_id",
        sorted(officer_ids),
    )
    return [ToldPerson(**dict(row)) for row in rows]


async def told(
    connection: Connection, link: LinkToTell, *, at: datetime | None = None, again_at: datetime | None = None
) -> None:
    """Write when it was told of, or when the next attempt is.

    A use meanwhile is to be told again, so it stays due.
    """
    await connection.execute(
        "UPDATE sign_in_link SET next_attempt_at = $2, told_at = $3"
        " WHERE digest = $1 AND used_at IS NOT DISTINCT FROM $4",
        link.digest,
        again_at,
        at,
        link.used_at,
    )
