"""Sign-in links, made or used, of which officers and admins are told."""

from collections.abc import Collection

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
    proposed_by: str | None
    """None for a link of the command"""
    decided_by: str | None


class ToldPerson(FrozenModel):
    """An officer whom a letter goes to."""

    officer_id: str
    email: str
    mobile: str
    language: Language


async def to_tell(connection: Connection, digest: str) -> LinkToTell | None:
    """Return a link of which persons are told, by its digest in hexadecimal digits."""
    row = await connection.fetchrow(
        "SELECT l.digest, l.officer_id, l.made_at, l.used_at, p.proposed_by, p.decided_by FROM sign_in_link l"
        " LEFT JOIN administration_proposal p USING (proposal_id) WHERE l.digest = $1",
        bytes.fromhex(digest),
    )
    return LinkToTell(**dict(row)) if row else None


async def persons(connection: Connection, officer_ids: Collection[str]) -> list[ToldPerson]:
    """Return these officers with their contacts."""
    rows = await connection.fetch(
        "SELECT officer_id, email, mobile, language FROM officer WHERE officer_id = ANY($1) ORDER BY officer_id",
        sorted(officer_ids),
    )
    return [ToldPerson(**dict(row)) for row in rows]
