"""Versions of the policy that two admins agreed to. The newest one counts."""

from datetime import datetime
from typing import Any, Final

from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from domain.errors.officers import PolicyVersionNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.officers.policy import AgreedVersion, PolicyValue, PolicyVersionDetails, PolicyVersionPage


class Difference(FrozenModel):
    """A value that two admins agreed to, which goes before that of the policy file, and why."""

    value: Any
    source: str


class PolicyVersion(FrozenModel):
    """A version of the policy: what differs from the file."""

    number: int
    differences: dict[str, Difference]
    agreed_at: UtcDatetime


async def newest(connection: Connection) -> PolicyVersion | None:
    """Return the newest version, or None while the file alone counts."""
    row = await connection.fetchrow(
        "SELECT number, differences, agreed_at FROM policy_version ORDER BY number DESC LIMIT 1"
    )
    return PolicyVersion.model_validate(dict(row)) if row else None


async def numbered(connection: Connection, number: int) -> PolicyVersion | None:
    """Return the version with this number, or None."""
    row = await connection.fetchrow(
        "SELECT number, differences, agreed_at FROM policy_version WHERE number = $1", number
    )
    return PolicyVersion.model_validate(dict(row)) if row else None


async def add(connection: Connection, version: PolicyVersion, proposal_id: int, at: datetime) -> None:
    """Write a version. The database refuses it at the end unless two admins agreed to the proposal."""
    await connection.execute(
        "INSERT INTO policy_version (number, differences, proposal_id, agreed_at) VALUES ($1, $2, $3, $4)",
        version.number,
        {name: one.model_dump(mode="json") for name, one in version.differences.items()},
        proposal_id,
        at,
    )


_LISTED: Final = """
SELECT v.number, v.agreed_at, v.proposal_id, p.proposed_by, p.decided_by, p.reason, p.decided_reason,
    p.body -> 'changes' AS changes
FROM policy_version v JOIN proposal p USING (proposal_id)
WHERE $1::bigint IS NULL OR v.number < $1 ORDER BY v.number DESC LIMIT $2
"""


async def policy_page(connection: Connection, after: str | None, limit: int) -> PolicyVersionPage:
    """Return a page of versions, the newest first. Raises `BadCursor`."""
    found = await connection.fetch(_LISTED, int_after(after) if after else None, limit + 1)
    rows, more = cut(found, limit)
    items = tuple(AgreedVersion.model_validate(dict(row)) for row in rows)
    return PolicyVersionPage(items=items, next=to_cursor(items[-1].number) if more else None)


async def details(connection: Connection, number: int) -> PolicyVersionDetails:
    """Return a version with all that it has differently from the file. Raises `PolicyVersionNotFound`."""
    rows = await connection.fetch(_LISTED, number + 1, 1)
    version = await numbered(connection, number)
    if version is None:
        raise PolicyVersionNotFound(number)
    return PolicyVersionDetails(
        version=AgreedVersion.model_validate(dict(rows[0])),
        values=tuple(
            PolicyValue(name=name, value=one.value, source=one.source) for name, one in version.differences.items()
        ),
    )
