"""Who calls the API: the roles of an officer that are live now, and the token of a script."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from db.pool import Connection
from schemas.enums import Role

_ROLES: Final = """ARRAY(SELECT r.role FROM officer_role r WHERE r.officer_id = o.officer_id
    AND r.from_at <= t AND (r.until_at IS NULL OR r.until_at > t)) AS roles"""
_OF_OFFICER: Final = "FROM officer o CROSS JOIN present_moment() AS t WHERE o.officer_id = $1 AND o.disabled_at IS NULL"

# The token of a display opens nothing. Its display comes in with the secret that it got for the token.
_SCRIPT: Final = """
SELECT s.token_id, s.name, s.roles, s.ends_at, s.last_used_day, (t AT TIME ZONE 'Asia/Kolkata')::date AS today
FROM script_token s CROSS JOIN present_moment() AS t
WHERE (s.token_digest = $1 AND NOT 'display' = ANY (s.roles) OR s.display_digest = $1)
    AND s.revoked_at IS NULL AND s.ends_at > t
"""


@dataclass(frozen=True, slots=True)
class ScriptStanding:
    """A script whose token is live."""

    token_id: int
    name: str
    roles: frozenset[Role]
    ends_at: datetime
    last_used_day: date | None
    today: date


async def named(connection: Connection, officer_id: str) -> tuple[str, frozenset[Role]]:
    """Return the name of an officer who is signed in, and the roles that the officer has now."""
    row = await connection.fetchrow(f"SELECT o.name, {_ROLES} {_OF_OFFICER}", officer_id)
    return ("", frozenset()) if row is None else (row["name"], frozenset(map(Role, row["roles"])))


async def roles_of(connection: Connection, officer_id: str) -> frozenset[Role] | None:
    """Return the roles that an officer has now; None for an unknown or a disabled one."""
    row = await connection.fetchrow(f"SELECT {_ROLES} {_OF_OFFICER}", officer_id)
    return None if row is None else frozenset(map(Role, row["roles"]))


async def script(connection: Connection, digest: bytes) -> ScriptStanding | None:
    """Return the script whose token has this digest, or the display with this secret; None unless it is live."""
    row = await connection.fetchrow(_SCRIPT, digest)
    if row is None:
        return None
    return ScriptStanding(
        token_id=row["token_id"],
        name=row["name"],
        roles=frozenset(map(Role, row["roles"])),
        ends_at=row["ends_at"],
        last_used_day=row["last_used_day"],
        today=row["today"],
    )
