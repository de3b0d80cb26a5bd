"""Changes of officers and of the policy, and acts that were refused."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from db.paging import cut, from_cursor, int_after, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from domain.errors.officers import PolicyVersionNotFound
from domain.officers.officers import changes_of_event
from schemas.base import Change, FrozenModel, UtcDatetime
from schemas.officers.policy import (
    AdministrationChange,
    AdministrationChangePage,
    AgreedVersion,
    ChangeFilter,
    PolicyValue,
    PolicyVersionDetails,
    PolicyVersionPage,
)
from schemas.officers.sign_in import NewRefusedAct, RefusedAct, RefusedActPage

_EPOCH: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
_AREA_OF_KIND: Final = """CASE WHEN p.matter LIKE 'team\\_%' OR p.matter = 'member_moved' THEN 'teams'
    WHEN p.matter LIKE 'policy\\_%' THEN 'policy'
    WHEN p.matter LIKE 'officer\\_%' OR p.matter LIKE 'role\\_%' THEN 'officers'
    ELSE 'directory' END"""
_AREA_OF_EVENT: Final = """CASE WHEN e.team_id IS NOT NULL THEN 'teams' WHEN e.kind = 'display_placed' THEN 'displays'
    WHEN e.kind LIKE 'token\\_%' AND e.data -> 'roles' = '["display"]' THEN 'displays'
    WHEN e.kind LIKE 'token\\_%' THEN 'scripts' ELSE 'officers' END"""

# Each part reads its newest rows by an index on the time. What a proposal changed is one line, that of the proposal.
_PARTS: Final = {
    3: f"""SELECT p.decided_at AS at, 3 AS part, p.proposal_id AS id, {_AREA_OF_KIND} AS area, p.matter AS kind,
        p.subject, p.proposed_by AS actor, p.decided_by AS second, p.reason, p.proposal_id,
        p.body -> 'changes' AS changes, NULL::jsonb AS data
    FROM proposal p WHERE p.kind = 'administration' AND p.decision = 'agreed'""",
    2: """SELECT d.at, 2 AS part, d.event_id AS id, 'directory' AS area, d.kind, d.institution AS subject, d.actor,
        NULL AS second, NULL AS reason, NULL::bigint AS proposal_id, d.changes, NULL::jsonb AS data
    FROM directory_event d WHERE d.proposal_id IS NULL""",
    1: f"""SELECT e.at, 1 AS part, e.event_id AS id, {_AREA_OF_EVENT} AS area, e.kind,
        coalesce(e.officer_id, t.name, e.data ->> 'name', '') AS subject, e.actor,
        NULL AS second, NULL AS reason, NULL::bigint AS proposal_id, NULL::jsonb AS changes,
        e.data || CASE WHEN t.name IS NULL THEN '{{}}' ELSE jsonb_build_object('team', t.name) END AS data
    FROM officer_event e LEFT JOIN team t USING (team_id) WHERE e.proposal_id IS NULL""",
}
_WANTED: Final = """
SELECT * FROM ({part}) AS c WHERE c.at <= $1 AND (c.at, c.part, c.id) < ($1, $2, $3)
    AND ($5::text IS NULL OR c.area = $5) AND ($6::text IS NULL OR c.kind = $6)
    AND ($7::text IS NULL OR lower(c.subject) = lower($7))
    AND ($8::text IS NULL OR person_of(c.actor) = $8 OR person_of(c.second) = $8)
    AND ($9::timestamptz IS NULL OR c.at >= $9)
ORDER BY c.at DESC, c.id DESC LIMIT $4
"""
_LIST: Final = (
    "SELECT * FROM ("
    + " UNION ALL ".join(f"({_WANTED.format(part=part)})" for part in _PARTS.values())
    + ") AS found ORDER BY at DESC, part DESC, id DESC LIMIT $4"
)
_LAST_PART: Final = max(_PARTS) + 1


async def page(connection: Connection, wanted: ChangeFilter, after: str | None, limit: int) -> AdministrationChangePage:
    """Return a page of changes, the newest first. Raises `BadCursor`."""
    at, part, row_id = _place_of(after) if after else (_end(wanted), _LAST_PART, 0)
    fetched = await connection.fetch(
        _LIST,
        at,
        part,
        row_id,
        limit + 1,
        wanted.area and wanted.area.value,
        wanted.kind,
        wanted.subject,
        wanted.officer,
        wanted.since,
    )
    rows = fetched[:limit]
    last = rows[-1] if len(fetched) > limit else None
    return AdministrationChangePage(items=tuple(map(_change, rows)), next=None if last is None else _cursor(last))


def _end(wanted: ChangeFilter) -> datetime:
    """Return the moment before which the first page begins. Clocks differ, so it lies beyond now without an end."""
    return wanted.until or datetime.fromisoformat("9999-01-01T00:00:00+00:00")


def _cursor(row: Record) -> str:
    return to_cursor((row["at"] - _EPOCH) // timedelta(microseconds=1), row["part"], row["id"])


def _place_of(cursor: str) -> tuple[datetime, int, int]:
    micros, part, row_id = (int(number) for number in from_cursor(cursor, int, int, int))
    if not (abs(micros) < 2**58 and part in _PARTS and 0 <= row_id < 2**63):
        raise BadCursor
    try:
        return _EPOCH + timedelta(microseconds=micros), part, row_id
    except OverflowError:
        raise BadCursor from None


def _change(row: Record) -> AdministrationChange:
    values: dict[str, Any] = dict(row)
    data, stored_changes = values.pop("data"), values.pop("changes")
    for name in ("part", "id"):
        del values[name]
    changes = (
        changes_of_event(values["kind"], data)
        if stored_changes is None
        else tuple(Change(**change) for change in stored_changes)
    )
    return AdministrationChange(**values, changes=changes)


FORGOTTEN_MAX: Final = 1_000
_BEFORE_ALL: Final = 2**63 - 1
_COLUMNS: Final = ", ".join(RefusedAct.model_fields)

_WRITE: Final = """
INSERT INTO refused_act (at, caller, is_proven, session_id, token_id, method, route, status, code, address, times)
SELECT t, w.* FROM present_moment() AS t CROSS JOIN unnest($1::text[], $2::boolean[], $3::uuid[], $4::bigint[],
    $5::text[], $6::text[], $7::smallint[], $8::text[], $9::text[], $10::integer[]) AS w
"""


async def write(connection: Connection, acts: Mapping[NewRefusedAct, int]) -> None:
    """Write acts, with the number of times of each, in one statement."""
    await connection.execute(
        _WRITE,
        [act.caller for act in acts],
        [act.is_proven for act in acts],
        [act.session_id for act in acts],
        [act.token_id for act in acts],
        [act.method for act in acts],
        [act.route for act in acts],
        [act.status for act in acts],
        [act.code for act in acts],
        [act.address for act in acts],
        list(acts.values()),
    )


async def refused_page(connection: Connection, caller: str | None, after: str | None, limit: int) -> RefusedActPage:
    """Return lines about a caller, or about all without one, the newest first. Raises `BadCursor`."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM refused_act WHERE act_id < $1 AND ($2::text IS NULL OR caller = $2)"
        " ORDER BY act_id DESC LIMIT $3",
        _before(after),
        caller,
        limit + 1,
    )
    shown, more = cut(rows, limit)
    items = tuple(RefusedAct(**dict(row)) for row in shown)
    return RefusedActPage(items=items, next=to_cursor(items[-1].act_id) if more else None)


async def forget(connection: Connection, kept: timedelta) -> None:
    """Delete the oldest lines that are no longer kept, at most `FORGOTTEN_MAX`."""
    await connection.execute(
        "DELETE FROM refused_act WHERE act_id IN (SELECT act_id FROM refused_act"
        " WHERE at < present_moment() - $1::interval ORDER BY at LIMIT $2)",
        kept,
        FORGOTTEN_MAX,
    )


async def officer_of_session(connection: Connection, token_digest: bytes) -> tuple[str, UUID] | None:
    """Return officer and id of the session with this token, live or over; None if there was none."""
    row = await connection.fetchrow(
        "SELECT officer_id, session_id FROM session WHERE token_digest = $1 AND kind = 'officer'", token_digest
    )
    return (row["officer_id"], row["session_id"]) if row else None


async def script_of_token(connection: Connection, token_digest: bytes) -> tuple[str, int] | None:
    """Return name and number of the script's token with this digest, live or over; None if there was none."""
    row = await connection.fetchrow("SELECT name, token_id FROM script_token WHERE token_digest = $1", token_digest)
    return (row["name"], row["token_id"]) if row else None


def _before(after: str | None) -> int:
    if after is None:
        return _BEFORE_ALL
    (key,) = from_cursor(after, int)
    if not 0 <= int(key) <= _BEFORE_ALL:
        raise BadCursor
    return int(key)


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


async def newest_number(connection: Connection) -> int:
    """Return the number of the newest version, or 0 while the file alone counts."""
    number: int = await connection.fetchval("SELECT coalesce(max(number), 0) FROM policy_version")
    return number


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
        {name: difference.model_dump(mode="json") for name, difference in version.differences.items()},
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
    fetched = await connection.fetch(_LISTED, int_after(after) if after else None, limit + 1)
    rows, more = cut(fetched, limit)
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
            PolicyValue(name=name, value=difference.value, source=difference.source)
            for name, difference in version.differences.items()
        ),
    )
