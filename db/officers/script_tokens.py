"""Tokens of scripts. The table has the SHA-256 of each token. Issue and revocation are events, by trigger."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from db.pool import Connection
from schemas.enums import Role
from schemas.officers.officers import PlacedDisplay, ScriptToken, ScriptTokenState

_LISTED: Final = """
SELECT s.token_id, s.name, s.roles, s.issued_at, s.issued_by, s.ends_at, s.revoked_at, s.revoked_by, s.last_used_day,
    s.placed_at,
    CASE WHEN s.revoked_at IS NOT NULL THEN 'revoked' WHEN s.ends_at <= t THEN 'ended' ELSE 'live' END AS state
FROM script_token s CROSS JOIN present_moment() AS t WHERE $2::boolean IS NULL OR ('display' = ANY (s.roles)) = $2
ORDER BY s.name, s.token_id DESC LIMIT $1
"""
_PLACE: Final = """
UPDATE script_token SET display_digest = $2, placed_at = present_moment()
WHERE token_digest = $1 AND roles = ARRAY['display'] AND placed_at IS NULL AND revoked_at IS NULL
    AND ends_at > present_moment()
RETURNING name, ends_at
"""


async def add(
    connection: Connection,
    name: str,
    digest: bytes,
    roles: tuple[Role, ...],
    now: datetime,
    ends_at: datetime,
    actor: str,
) -> int:
    """Add a token and return its number."""
    token_id: int = await connection.fetchval(
        "INSERT INTO script_token (name, token_digest, roles, issued_at, ends_at, issued_by)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING token_id",
        name,
        digest,
        sorted(role.value for role in set(roles)),
        now,
        ends_at,
        actor,
    )
    return token_id


async def revoke(
    connection: Connection, token_id: int, now: datetime, actor: str, *, only_display: bool = False
) -> bool:
    """Revoke a token, once; with `only_display` only one of a display. Return whether there is such a token."""
    is_one = "token_id = $1" + (" AND 'display' = ANY (roles)" if only_display else "")
    await connection.execute(
        f"UPDATE script_token SET revoked_at = $2, revoked_by = $3 WHERE {is_one} AND revoked_at IS NULL",
        token_id,
        now,
        actor,
    )
    exists: bool = await connection.fetchval(f"SELECT EXISTS (SELECT FROM script_token WHERE {is_one})", token_id)
    return exists


async def used(connection: Connection, token_id: int, day: date) -> None:
    """Write the day of the last use, once a day."""
    await connection.execute(
        "UPDATE script_token SET last_used_day = $2 WHERE token_id = $1"
        " AND (last_used_day IS NULL OR last_used_day < $2)",
        token_id,
        day,
    )


async def live_roles(connection: Connection, token_ids: Collection[int]) -> dict[int, frozenset[Role]]:
    """Return those of the tokens that are live, with their roles."""
    rows = await connection.fetch(
        "SELECT s.token_id, s.roles FROM script_token s CROSS JOIN present_moment() AS t"
        " WHERE s.token_id = ANY($1) AND s.revoked_at IS NULL AND s.ends_at > t",
        list(token_ids),
    )
    return {row["token_id"]: frozenset(map(Role, row["roles"])) for row in rows}


async def place(connection: Connection, digest: bytes, display_digest: bytes) -> PlacedDisplay | None:
    """Exchange the token of a display, once, for another secret; None unless the token is live and was not taken."""
    row = await connection.fetchrow(_PLACE, digest, display_digest)
    return None if row is None else PlacedDisplay(name=row["name"], ends_at=row["ends_at"])


async def listed(connection: Connection, limit: int = 1_000, *, displays: bool | None = None) -> list[ScriptToken]:
    """Return tokens by name, the newest of a name first: of all, of displays alone, or of scripts alone."""
    rows = await connection.fetch(_LISTED, limit, displays)
    return [ScriptToken.model_validate(dict(row) | {"state": ScriptTokenState(row["state"])}) for row in rows]
