"""Teams and their officers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from db.officers.officers import write_event
from db.pool import Connection
from db.rows import Rows
from domain.errors.officers import TeamFull, TeamNotFound
from domain.facts import differences
from domain.officers.officers import team_facts
from schemas.base import Change
from schemas.enums import Role
from schemas.officers.officers import MEMBERS_MAX, TeamEntry, TeamOfficer, TeamShift
from schemas.tasks import TeamHours

_LISTED: Final = """
SELECT t.name, t.lead,
    ARRAY(SELECT d.district FROM team_district d WHERE d.team_id = t.team_id ORDER BY d.district) AS districts,
    ARRAY(SELECT m.officer_id FROM team_member m WHERE m.team_id = t.team_id ORDER BY m.officer_id) AS members,
    ARRAY(SELECT ROW(s.day_no, s.starts_minute, s.ends_minute) FROM team_shift s WHERE s.team_id = t.team_id
        ORDER BY s.day_no, s.starts_minute) AS shifts
FROM team t WHERE t.ended_at IS NULL AND ($2::text IS NULL OR lower(t.name) = lower($2)) ORDER BY lower(t.name) LIMIT $1
"""

_HOURS: Final = """
SELECT w.officer_id,
    ARRAY(SELECT d.district FROM team_district d WHERE d.team_id = t.team_id) AS districts,
    ARRAY(SELECT ROW(s.day_no, s.starts_minute, s.ends_minute) FROM team_shift s WHERE s.team_id = t.team_id) AS shifts
FROM team t CROSS JOIN LATERAL (
    SELECT m.officer_id FROM team_member m WHERE m.team_id = t.team_id UNION SELECT t.lead WHERE t.lead IS NOT NULL
) AS w
WHERE t.ended_at IS NULL AND w.officer_id = ANY($1)
"""


async def add(connection: Connection, entry: TeamEntry, now: datetime, actor: str) -> bool:
    """Add a team with all that it has. Return whether its name was free. Its officers must exist."""
    team_id = await connection.fetchval(
        "INSERT INTO team (name, lead, created_at, created_by) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (lower(name)) WHERE ended_at IS NULL DO NOTHING RETURNING team_id",
        entry.name,
        entry.lead,
        now,
        actor,
    )
    if team_id is None:
        return False
    await _add_parts(connection, team_id, entry)
    differing = differences({}, team_facts(await named(connection, entry.name)))
    await write_event(connection, "team_added", now, actor, team_id=team_id, data=_written(differing))
    return True


async def change(connection: Connection, before: TeamEntry, entry: TeamEntry, now: datetime, actor: str) -> None:
    """Write all that a team has. It is locked, and its officers must exist."""
    team_id = await _live(connection, before.name)
    await connection.execute("UPDATE team SET name = $2, lead = $3 WHERE team_id = $1", team_id, entry.name, entry.lead)
    for table in ("team_district", "team_member", "team_shift"):
        await connection.execute(f"DELETE FROM {table} WHERE team_id = $1", team_id)
    await _add_parts(connection, team_id, entry)
    differing = differences(team_facts(before), team_facts(await named(connection, entry.name)))
    if differing:
        await write_event(connection, "team_changed", now, actor, team_id=team_id, data=_written(differing))


async def end(connection: Connection, name: str, now: datetime, actor: str) -> bool:
    """End a team. Return whether there was one of this name."""
    team_id = await connection.fetchval(
        "UPDATE team SET ended_at = $2, ended_by = $3 WHERE lower(name) = lower($1) AND ended_at IS NULL"
        " RETURNING team_id",
        name,
        now,
        actor,
    )
    if team_id is not None:
        await write_event(connection, "team_ended", now, actor, team_id=team_id)
    return team_id is not None


async def remove_member(connection: Connection, name: str, officer_id: str, now: datetime, actor: str) -> bool:
    """Take an officer out of a team. Return whether the officer was in it. Raises `TeamNotFound`."""
    team_id = await _live(connection, name)
    removed = await connection.fetchval(
        "DELETE FROM team_member WHERE team_id = $1 AND officer_id = $2 RETURNING true", team_id, officer_id
    )
    if removed:
        await write_event(connection, "member_removed", now, actor, officer_id=officer_id, team_id=team_id)
    return bool(removed)


async def add_member(connection: Connection, name: str, officer_id: str, now: datetime, actor: str) -> bool:
    """Take an officer into a team. Return whether that is new. Raises `TeamNotFound`, and for a full one `TeamFull`."""
    team_id = await _live(connection, name)
    if await connection.fetchval("SELECT count(*) FROM team_member WHERE team_id = $1", team_id) >= MEMBERS_MAX:
        raise TeamFull(name, MEMBERS_MAX)
    added = await connection.fetchval(
        "INSERT INTO team_member (team_id, officer_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true",
        team_id,
        officer_id,
    )
    if added:
        await write_event(connection, "member_added", now, actor, officer_id=officer_id, team_id=team_id)
    return bool(added)


async def named(connection: Connection, name: str) -> TeamEntry:
    """Return a team. Raises `TeamNotFound`."""
    teams = await listed(connection, 1, name)
    if not teams:
        raise TeamNotFound(name)
    return teams[0]


async def locked(connection: Connection, name: str) -> TeamEntry:
    """Lock and return a team. Raises `TeamNotFound`."""
    await _live(connection, name)
    return await named(connection, name)


async def lock_all(connection: Connection, names: Sequence[str]) -> None:
    """Lock the live teams among these, in the order of their ids: two moves in opposite directions never deadlock."""
    await connection.execute(
        "SELECT FROM team WHERE lower(name) IN (SELECT lower(n) FROM unnest($1::text[]) AS w (n)) AND ended_at IS NULL"
        " ORDER BY team_id FOR UPDATE",
        list(names),
    )


async def listed(connection: Connection, limit: int = 1_000, name: str | None = None) -> list[TeamEntry]:
    """Return the teams by name, of all by default."""
    entries = []
    for row in await connection.fetch(_LISTED, limit, name):
        shifts = tuple(
            TeamShift(day_no=day, starts_minute=starts, ends_minute=ends) for day, starts, ends in row["shifts"]
        )
        entries.append(TeamEntry.model_validate(dict(row) | {"shifts": shifts}))
    return entries


async def hours_of(connection: Connection, officer_ids: Sequence[str]) -> dict[str, list[TeamHours]]:
    """Return districts and hours of the teams that these officers are in or lead."""
    hours: dict[str, list[TeamHours]] = {}
    for row in await connection.fetch(_HOURS, list(officer_ids)):
        shifts = tuple(
            TeamShift(day_no=day, starts_minute=starts, ends_minute=ends) for day, starts, ends in row["shifts"]
        )
        hours.setdefault(row["officer_id"], []).append(TeamHours(districts=tuple(row["districts"]), shifts=shifts))
    return hours


async def _live(connection: Connection, name: str) -> int:
    """Return the number of a team, locked. Raises `TeamNotFound`."""
    team_id: int | None = await connection.fetchval(
        "SELECT team_id FROM team WHERE lower(name) = lower($1) AND ended_at IS NULL FOR UPDATE", name
    )
    if team_id is None:
        raise TeamNotFound(name)
    return team_id


def _written(differing: Sequence[Change]) -> dict[str, object]:
    """Return what an event says of the fields that were written."""
    return {
        "fields": [field_change.field for field_change in differing],
        "before": {field_change.field: field_change.before for field_change in differing},
        "after": {field_change.field: field_change.after for field_change in differing},
    }


async def _add_parts(connection: Connection, team_id: int, entry: TeamEntry) -> None:
    """Write districts, members and shifts of a team that has none."""
    for table, column, values in (
        ("team_district", "district", entry.districts),
        ("team_member", "officer_id", entry.members),
    ):
        await connection.execute(
            f"INSERT INTO {table} (team_id, {column}) SELECT DISTINCT $1::bigint, w.v FROM unnest($2::text[]) AS w (v)",
            team_id,
            list(values),
        )
    await connection.executemany(
        "INSERT INTO team_shift (team_id, day_no, starts_minute, ends_minute) VALUES ($1, $2, $3, $4)",
        [(team_id, shift.day_no, shift.starts_minute, shift.ends_minute) for shift in entry.shifts],
    )


async def rename_team(connection: Connection, before: str, after: str) -> None:
    """Write another name of a team into the filters that name it."""
    await connection.execute(
        "UPDATE task_filter SET filter = jsonb_set(filter, '{team}', to_jsonb($2::text))"
        " WHERE lower(filter->>'team') = lower($1)",
        before,
        after,
    )


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
