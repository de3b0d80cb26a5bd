"""Officers of the teams of one officer, to whom calls and work items are passed on."""

from collections.abc import Collection
from typing import Final

from db.pool import Connection
from db.rows import Rows
from schemas.enums import Role
from schemas.officers.officers import TeamOfficer

# A lead counts among the officers of the team.
_TEAM_OFFICERS: Final = """
WITH of_team AS (
    SELECT t.team_id, t.name, m.officer_id FROM team t JOIN team_member m USING (team_id) WHERE t.ended_at IS NULL
    UNION SELECT t.team_id, t.name, t.lead FROM team t WHERE t.ended_at IS NULL AND t.lead IS NOT NULL
)
SELECT o.officer_id, o.name, array_agg(DISTINCT other.name ORDER BY other.name) AS teams,
    is_absent(o.officer_id, p.t) AS is_absent
FROM of_team own JOIN of_team other USING (team_id) JOIN officer o ON o.officer_id = other.officer_id
CROSS JOIN present_moment() AS p (t)
WHERE own.officer_id = $1 AND o.officer_id <> $1 AND o.disabled_at IS NULL AND EXISTS (
    SELECT FROM officer_role r WHERE r.officer_id = o.officer_id AND r.role = ANY($2)
        AND r.from_at <= p.t AND (r.until_at IS NULL OR r.until_at > p.t))
GROUP BY o.officer_id, o.name, p.t ORDER BY lower(o.name), o.officer_id LIMIT $3
"""


async def of(connection: Connection, officer_id: str, roles: Collection[Role], limit: int) -> list[TeamOfficer]:
    """Return the other officers of the officer's teams who have one of the roles now, by name."""
    return await Rows(connection, TeamOfficer).many(_TEAM_OFFICERS, officer_id, [role.value for role in roles], limit)
