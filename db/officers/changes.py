"""Who changed what of officers, teams, the directory, displays and the policy: one list over their events."""

from datetime import datetime, timedelta
from typing import Any, Final

from asyncpg import Record

from db.paging import from_cursor, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from domain.officers.officers import changes_of_event
from schemas.base import Change
from schemas.officers.administration import AdministrationChange, AdministrationChangePage, ChangeFilter

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
    found = await connection.fetch(
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
    rows = found[:limit]
    last = rows[-1] if len(found) > limit else None
    return AdministrationChangePage(items=tuple(map(_change, rows)), next=None if last is None else _cursor(last))


def _end(wanted: ChangeFilter) -> datetime:
    """Return the moment before which the first page begins. Clocks differ, so it lies beyond now without an end."""
    return wanted.until or datetime.fromisoformat("9999-01-01T00:00:00+00:00")


def _cursor(row: Record) -> str:
    return to_cursor((row["at"] - _EPOCH) // timedelta(microseconds=1), row["part"], row["id"])


def _place_of(cursor: str) -> tuple[datetime, int, int]:
    micros, part, row_id = (int(one) for one in from_cursor(cursor, int, int, int))
    if not (abs(micros) < 2**58 and part in _PARTS and 0 <= row_id < 2**63):
        raise BadCursor
    try:
        return _EPOCH + timedelta(microseconds=micros), part, row_id
    except OverflowError:
        raise BadCursor from None


def _change(row: Record) -> AdministrationChange:
    values: dict[str, Any] = dict(row)
    data, told = values.pop("data"), values.pop("changes")
    for name in ("part", "id"):
        del values[name]
    changes = changes_of_event(values["kind"], data) if told is None else tuple(Change(**one) for one in told)
    return AdministrationChange(**values, changes=changes)
