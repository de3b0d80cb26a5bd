"""Officers, and the first admin."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from asyncpg import Record

from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from db.rows import Rows
from schemas.enums import Role
from schemas.officers.officers import Absence, OfficerEntry, OfficerEvent, OfficerEventPage, OfficerPerson, OfficerRow

_COLUMNS: Final = "name, rank, station, mobile, email, language, state"

_LISTED: Final = f"""
SELECT o.officer_id, {_COLUMNS}, o.disabled_at, o.disabled_by,
    ARRAY(SELECT DISTINCT r.role FROM officer_role r WHERE r.officer_id = o.officer_id AND o.disabled_at IS NULL
        AND r.from_at <= t AND (r.until_at IS NULL OR r.until_at > t) ORDER BY r.role) AS roles,
    ARRAY(SELECT d.district FROM officer_district d WHERE d.officer_id = o.officer_id AND d.until_at IS NULL
        ORDER BY d.district) AS districts,
    ARRAY(SELECT m.name FROM team_member w JOIN team m USING (team_id) WHERE w.officer_id = o.officer_id
        AND m.ended_at IS NULL ORDER BY m.name) AS teams
FROM officer o CROSS JOIN present_moment() AS t
WHERE ($1::text[] IS NULL OR o.officer_id = ANY($1)) AND o.officer_id > $2 ORDER BY o.officer_id LIMIT $3
"""

_END_ROLES: Final = """
UPDATE officer_role SET until_at = greatest(from_at, $3), ended_by = $4
WHERE officer_id = $1 AND ended_by IS NULL AND (until_at IS NULL OR until_at > $3) AND role <> ALL($2)
"""

_GIVE_ROLES: Final = """
INSERT INTO officer_role (officer_id, role, from_at, given_by, given_at)
SELECT $1, w.role, $3, $4, $3 FROM unnest($2::text[]) AS w (role)
WHERE NOT EXISTS (SELECT FROM officer_role r WHERE r.officer_id = $1 AND r.role = w.role AND r.from_at <= $3
    AND (r.until_at IS NULL OR r.until_at > $3))
"""

_END_DISTRICTS: Final = """
UPDATE officer_district SET until_at = $3, ended_by = $4
WHERE officer_id = $1 AND until_at IS NULL AND lower(district) <> ALL($2)
"""

_GIVE_DISTRICTS: Final = """
INSERT INTO officer_district (officer_id, district, from_at, given_by)
SELECT $1, w.district, $3, $4 FROM unnest($2::text[]) AS w (district)
ON CONFLICT (officer_id, lower(district)) WHERE until_at IS NULL DO NOTHING
"""


async def add(connection: Connection, entry: OfficerEntry, now: datetime, actor: str) -> bool:
    """Add an officer without roles and districts. Return whether the id was free."""
    added = await connection.fetchval(
        f"INSERT INTO officer (officer_id, {_COLUMNS}, created_at, created_by, changed_at, changed_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9, $10) ON CONFLICT DO NOTHING RETURNING officer_id",
        *_values(entry),
        now,
        actor,
    )
    return added is not None


async def change(connection: Connection, entry: OfficerPerson, now: datetime, actor: str) -> None:
    """Write name, rank and contact of a known officer, if they differ."""
    await connection.execute(
        f"UPDATE officer SET ({_COLUMNS}, changed_at, changed_by) = ($2, $3, $4, $5, $6, $7, $8, $9, $10)"
        f" WHERE officer_id = $1 AND ({_COLUMNS}) IS DISTINCT FROM ($2, $3, $4, $5, $6, $7, $8)",
        *_values(entry),
        now,
        actor,
    )


async def give_roles(
    connection: Connection,
    officer_id: str,
    roles: Collection[Role],
    now: datetime,
    actor: str,
) -> None:
    """Give an officer those of these roles that the officer does not have now."""
    await connection.execute(_GIVE_ROLES, officer_id, [role.value for role in roles], now, actor)


async def give_role(
    connection: Connection,
    officer_id: str,
    role: Role,
    from_at: datetime,
    until_at: datetime | None,
    now: datetime,
    actor: str,
) -> bool:
    """Give a role for a time. Return whether that is new.

    It is not new where the officer has the role without an end, or from the same moment on.
    """
    given = await connection.fetchval(
        "INSERT INTO officer_role (officer_id, role, from_at, until_at, given_by, given_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING role",
        officer_id,
        role.value,
        from_at,
        until_at,
        actor,
        now,
    )
    return given is not None


async def end_role(connection: Connection, officer_id: str, role: Role, now: datetime, actor: str) -> bool:
    """End a role now, also where it has not begun. Return whether the officer had it."""
    ended = await connection.fetch(
        "UPDATE officer_role SET until_at = greatest(from_at, $3), ended_by = $4 WHERE officer_id = $1 AND role = $2"
        " AND ended_by IS NULL AND (until_at IS NULL OR until_at > $3) RETURNING role",
        officer_id,
        role.value,
        now,
        actor,
    )
    return bool(ended)


async def set_roles(
    connection: Connection, officer_id: str, roles: Collection[Role], now: datetime, actor: str
) -> None:
    """Give an officer exactly these roles: end the others now, also those that have not begun."""
    await connection.execute(_END_ROLES, officer_id, [role.value for role in roles], now, actor)
    await give_roles(connection, officer_id, roles, now, actor)


async def set_districts(
    connection: Connection, officer_id: str, districts: Collection[str], now: datetime, actor: str
) -> None:
    """Let an officer answer for exactly these districts."""
    await connection.execute(_END_DISTRICTS, officer_id, [district.lower() for district in districts], now, actor)
    # Two spellings of one district in one list are one district.
    wanted = {district.lower(): district for district in districts}
    await connection.execute(_GIVE_DISTRICTS, officer_id, list(wanted.values()), now, actor)


async def set_absences(
    connection: Connection, officer_id: str, absences: Sequence[Absence], now: datetime, actor: str
) -> None:
    """Replace the days on which an officer is absent."""
    await connection.execute("DELETE FROM officer_absence WHERE officer_id = $1", officer_id)
    await connection.executemany(
        "INSERT INTO officer_absence (officer_id, first_day, last_day, written_by, written_at)"
        " VALUES ($1, $2, $3, $4, $5)",
        [(officer_id, absence.first_day, absence.last_day, actor, now) for absence in absences],
    )
    await write_event(connection, "absences_written", now, actor, officer_id=officer_id)


async def is_absent(connection: Connection, officer_id: str, now: datetime) -> bool:
    """Return whether an officer is absent on this day in India."""
    absent: bool = await connection.fetchval("SELECT is_absent($1, $2)", officer_id, now)
    return absent


async def disable(connection: Connection, officer_id: str, now: datetime, actor: str) -> bool:
    """Disable an officer. Return whether there is such an officer."""
    return await _write(
        connection,
        "disabled_at = coalesce(disabled_at, $2), disabled_by = coalesce(disabled_by, $3)",
        officer_id,
        now,
        actor,
    )


async def enable(connection: Connection, officer_id: str, now: datetime, actor: str) -> bool:
    """End that an officer is disabled. Return whether there is such an officer."""
    return await _write(connection, "disabled_at = NULL, disabled_by = NULL", officer_id, now, actor)


async def end_credentials(connection: Connection, officer_id: str, now: datetime, actor: str) -> bool:
    """End everything that was issued to an officer before now. Return whether there is such an officer.

    The next person whom an identity provider names as the officer is the officer.
    """
    await connection.execute("DELETE FROM provider_identity WHERE officer_id = $1", officer_id)
    return await _write(connection, "credentials_from = $2", officer_id, now, actor)


async def write_event(
    connection: Connection,
    kind: str,
    now: datetime,
    actor: str,
    *,
    officer_id: str | None = None,
    team_id: int | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Write an event that no trigger writes."""
    await connection.execute(
        "INSERT INTO officer_event (at, actor, kind, officer_id, team_id, data) VALUES ($1, $2, $3, $4, $5, $6)",
        now,
        actor,
        kind,
        officer_id,
        team_id,
        dict(data or {}),
    )


async def listed(
    connection: Connection, ids: Collection[str] | None = None, after: str = "", limit: int = 1_000
) -> list[OfficerRow]:
    """Return officers by id, of all by default, at most `limit` of them after `after`."""
    return await Rows(connection, OfficerRow).many(_LISTED, None if ids is None else list(ids), after, limit)


async def known(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return those of the ids that an officer has."""
    rows = await connection.fetch("SELECT officer_id FROM officer WHERE officer_id = ANY($1)", list(ids))
    return {row["officer_id"] for row in rows}


async def events(
    connection: Connection, officer_id: str | None = None, limit: int = 100, before: int | None = None
) -> list[OfficerEvent]:
    """Return events, of one officer or of all, the newest first; with `before` those of lower numbers."""
    rows: list[Record] = await connection.fetch(
        "SELECT event_id, at, actor, kind, officer_id, data FROM officer_event"
        " WHERE ($1::text IS NULL OR officer_id = $1) AND ($3::bigint IS NULL OR event_id < $3)"
        " ORDER BY event_id DESC LIMIT $2",
        officer_id,
        limit,
        before,
    )
    return [OfficerEvent.model_validate(dict(row)) for row in rows]


async def events_page(
    connection: Connection, officer_id: str | None, after: str | None, limit: int
) -> OfficerEventPage:
    """Return a page of events, the newest first. Raises `BadCursor`."""
    fetched = await events(connection, officer_id, limit + 1, int_after(after) if after else None)
    rows, more = cut(fetched, limit)
    return OfficerEventPage(items=tuple(rows), next=to_cursor(rows[-1].event_id) if more else None)


async def has_credentials(connection: Connection, officer_id: str) -> bool:
    """Return whether an officer has a password with which to sign in."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM officer_password WHERE officer_id = $1)", officer_id
    )
    return exists


async def _write(connection: Connection, change: str, officer_id: str, now: datetime, actor: str) -> bool:
    written = await connection.fetchval(
        f"UPDATE officer SET {change}, changed_at = $2, changed_by = $3 WHERE officer_id = $1 RETURNING officer_id",
        officer_id,
        now,
        actor,
    )
    return written is not None


def _values(entry: OfficerPerson) -> tuple[str, ...]:
    contact = (entry.mobile or "", entry.email or "", entry.language.value, entry.state)
    return (entry.officer_id, entry.name, entry.rank, entry.station, *contact)


async def lock_if_empty(connection: Connection) -> bool:
    """Keep everybody else from adding officers until the transaction ends; return whether there is none yet."""
    await connection.execute("LOCK TABLE officer IN SHARE ROW EXCLUSIVE MODE")
    empty: bool = await connection.fetchval("SELECT NOT EXISTS (SELECT FROM officer)")
    return empty
