"""Shifts: records of handing over, and notes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record
from pydantic import Field

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy import person_keys
from db.privacy.jurisdiction import those_within
from db.privacy.person_keys import PersonKey, wrapped_key
from db.rows import Rows
from db.work_items.task_views import DEADLINE
from domain.errors.officers import NotOfThisShift, ShiftNotFound
from domain.work_items.shifts import ShiftSpan
from schemas.base import FrozenModel, UtcDatetime
from schemas.officers.officers import TeamShift
from schemas.privacy.personal_data import Within
from schemas.work_items.shift_handovers import HandoverDraft, HandoverItem, HandoverState, ShiftLine, ShiftPage

_TEAMS: Final = """
SELECT t.team_id, t.name,
    ARRAY(SELECT ROW(s.day_no, s.starts_minute, s.ends_minute) FROM team_shift s WHERE s.team_id = t.team_id) AS shifts,
    ARRAY(SELECT m.officer_id FROM team_member m WHERE m.team_id = t.team_id
        UNION SELECT t.lead WHERE t.lead IS NOT NULL ORDER BY 1) AS officers,
    t.created_at AS since,
    ARRAY(SELECT h.ends_at FROM shift_handover h WHERE h.team_id = t.team_id AND h.ends_at >= $1) AS written
FROM team t WHERE t.ended_at IS NULL AND EXISTS (SELECT FROM team_shift s WHERE s.team_id = t.team_id)
    AND ($2::text IS NULL OR t.lead = $2
        OR EXISTS (SELECT FROM team_member m WHERE m.team_id = t.team_id AND m.officer_id = $2))
ORDER BY t.team_id
"""

_BEGIN: Final = """
INSERT INTO shift_handover (team_id, starts_at, ends_at, written_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (team_id, ends_at) DO NOTHING RETURNING handover_id
"""

# The events are read by case. An index of all events by officer would cost the golden hour.
_OFFICERS: Final = """
WITH touched AS MATERIALIZED (
    SELECT t.case_no FROM task_act a JOIN desk_task t USING (task_id)
    WHERE a.at >= $3 AND a.at < $4 AND a.actor = ANY($5) AND t.case_no IS NOT NULL
    UNION SELECT t.case_no FROM desk_task t
    WHERE t.closed_at >= $3 AND t.closed_at < $4 AND t.closed_by = ANY($5) AND t.case_no IS NOT NULL
    UNION SELECT c.case_no FROM complaint c
    WHERE c.taken_by = ANY($5) AND c.received_at >= $3 AND c.received_at < $4
    UNION SELECT w.case_no FROM telephone_answer w
    WHERE w.entered_at >= $3 AND w.entered_at < $4 AND w.entered_by = ANY($5)
), counted AS (
    SELECT e.actor, e.kind, count(*) AS acts FROM touched JOIN case_event e USING (case_no)
    WHERE e.at >= $3 AND e.at < $4 AND e.actor = ANY($5) GROUP BY 1, 2
    UNION ALL SELECT d.made_by, 'call', count(*) FROM draft d
    WHERE d.made_at >= $3 AND d.made_at < $4 AND d.made_by = ANY($5) GROUP BY 1
)
INSERT INTO shift_handover_officer (handover_id, officer_id, acts)
SELECT $1, w.officer_id, coalesce((SELECT jsonb_object_agg(c.kind, c.acts ORDER BY c.kind) FROM counted c
    WHERE c.actor = 'officer:' || w.officer_id), '{}')
FROM unnest($2::text[]) AS w (officer_id)
"""

_ITEMS: Final = f"""
INSERT INTO shift_handover_item
    (handover_id, officer_id, state, task_id, case_no, to_officer, in_play_paise, deadline_at)
SELECT $1, found.officer_id, found.state, t.task_id, t.case_no, found.to_officer, coalesce(val.in_play_paise, 0),
    CASE WHEN t.state = 'open' THEN {DEADLINE} END
FROM (
    SELECT own.owner AS officer_id, 'open' AS state, own.task_id, NULL AS to_officer
    FROM task_owner own WHERE own.owner = ANY($2)
    UNION ALL SELECT person_of(w.closed_by), 'closed', w.task_id, NULL FROM desk_task w
    WHERE w.closed_at >= $3 AND w.closed_at < $4 AND w.closed_by = ANY($5)
    UNION ALL SELECT DISTINCT ON (a.task_id, a.actor) person_of(a.actor), 'passed_on', a.task_id, a.owner
    FROM task_act a WHERE a.at >= $3 AND a.at < $4 AND a.actor = ANY($5) AND a.kind = 'passed_on'
        AND a.owner <> person_of(a.actor)
    UNION ALL SELECT person_of(a.actor), 'snoozed', a.task_id, NULL FROM task_act a JOIN task_owner own USING (task_id)
    WHERE a.at >= $3 AND a.at < $4 AND a.actor = ANY($5) AND a.kind = 'snoozed' AND own.version = a.version
) AS found JOIN desk_task t USING (task_id) LEFT JOIN task_value val USING (task_id)
WHERE t.state = 'open' OR found.state IN ('closed', 'passed_on')
ON CONFLICT DO NOTHING
"""

_DRAFTS: Final = """
INSERT INTO shift_handover_draft (handover_id, officer_id, draft_id, made_at, saved_at, ack_no)
SELECT $1, d.owner, d.draft_id, d.made_at, d.saved_at, d.ack_no FROM draft d
WHERE d.owner = ANY($2) AND d.ended_at IS NULL AND d.saved_at <= $3 AND (d.ack_no IS NULL OR d.awaited <> '{}')
"""

_LEFT: Final = """
SELECT i.handover_id, i.officer_id, i.task_id, h.ends_at, own.version, own.owner, own.since, own.lease_ends_at
FROM shift_handover_item i JOIN shift_handover h USING (handover_id)
LEFT JOIN task_owner own ON own.task_id = i.task_id AND own.owner = i.officer_id
WHERE i.state = 'open' ORDER BY i.handover_id, i.task_id LIMIT $1
"""

_LINES: Final = """
SELECT h.handover_id AS shift_id, t.name AS team, h.starts_at, h.ends_at,
    (SELECT count(*) FROM shift_handover_officer o WHERE o.handover_id = h.handover_id) AS officers,
    i.open_items, i.open_paise
FROM shift_handover h JOIN team t USING (team_id) CROSS JOIN LATERAL (
    SELECT count(*) AS open_items, coalesce(sum(w.in_play_paise), 0)::bigint AS open_paise FROM shift_handover_item w
    WHERE w.handover_id = h.handover_id AND w.state IN ('open', 'kept', 'returned', 'given')
) AS i
WHERE h.handover_id < $1 AND ($2::text IS NULL OR lower(t.name) = lower($2)) ORDER BY h.handover_id DESC LIMIT $3
"""

_HEAD: Final = """
SELECT h.handover_id AS shift_id, t.name AS team, h.starts_at, h.ends_at, h.written_at
FROM shift_handover h JOIN team t USING (team_id) WHERE h.handover_id = $1
"""

_RECORDS: Final = f"""
SELECT o.officer_id, o.acts, o.noted_at, encode(o.sealed_note, 'hex') AS sealed_note,
    CASE WHEN o.person_id IS NULL THEN NULL
        ELSE jsonb_build_object('person_id', o.person_id, 'wrapped', {wrapped_key("o")}) END AS key
FROM shift_handover_officer o WHERE o.handover_id = $1 ORDER BY o.officer_id
"""


class TeamEnd(FrozenModel):
    """A team with shifts, and the ends of shifts that are written."""

    team_id: int
    name: str
    shifts: tuple[TeamShift, ...]
    officers: tuple[str, ...]
    since: UtcDatetime
    """shifts that ended before get no record"""
    written: tuple[UtcDatetime, ...]


class LeftItem(FrozenModel):
    """A work item of which it is not decided yet where it goes at the end of a shift."""

    handover_id: int
    officer_id: str
    task_id: int
    ends_at: UtcDatetime
    version: int | None
    owner: str | None
    """None if the officer has it no more"""
    since: UtcDatetime | None
    lease_ends_at: UtcDatetime | None


class ShiftHead(FrozenModel):
    """A shift with a record."""

    shift_id: int
    team: str
    starts_at: UtcDatetime
    ends_at: UtcDatetime
    written_at: UtcDatetime


class StoredRecord(FrozenModel):
    """Stored part of the record of one officer."""

    officer_id: str
    acts: dict[str, int]
    noted_at: UtcDatetime | None
    sealed_note: str | None
    key: PersonKey | None


async def team_ends(connection: Connection, since: datetime, officer_id: str | None = None) -> list[TeamEnd]:
    """Return the teams with shifts, of all officers or of one, each with the ends since `since` that are written."""
    teams = []
    for row in await connection.fetch(_TEAMS, since, officer_id):
        shifts = tuple(
            TeamShift(day_no=day, starts_minute=starts, ends_minute=ends) for day, starts, ends in row["shifts"]
        )
        teams.append(TeamEnd(**dict(row) | {"shifts": shifts}))
    return teams


async def write(
    connection: Connection, team: TeamEnd, span: ShiftSpan, off_duty: Sequence[str], now: datetime
) -> int | None:
    """Write the record of a shift; return its id, or None if it is written already.

    The half-done calls of those officers who are `off_duty` now stand in it.
    """
    handover_id: int | None = await connection.fetchval(_BEGIN, team.team_id, span.starts_at, span.ends_at, now)
    if handover_id is None:
        return None
    officers = list(team.officers)
    actors = [f"officer:{officer}" for officer in officers]
    values = (handover_id, officers, span.starts_at, span.ends_at, actors)
    await connection.execute(_OFFICERS, *values)
    await connection.execute(_ITEMS, *values)
    await connection.execute(_DRAFTS, handover_id, list(off_duty), span.ends_at)
    return handover_id


async def left(connection: Connection, limit: int) -> list[LeftItem]:
    """Return work items of which it is not decided yet where they go, of the oldest records first."""
    return await Rows(connection, LeftItem).many(_LEFT, limit)


async def decide(connection: Connection, item: LeftItem, state: HandoverState, to_officer: str | None) -> None:
    """Write what became of a work item at the end of a shift."""
    await connection.execute(
        "UPDATE shift_handover_item SET state = $4, to_officer = $5 WHERE handover_id = $1 AND officer_id = $2"
        " AND task_id = $3 AND state = 'open'",
        item.handover_id,
        item.officer_id,
        item.task_id,
        state.value,
        to_officer,
    )


async def owned(connection: Connection, now: datetime) -> dict[str, int]:
    """Return how many open work items each officer has."""
    rows = await connection.fetch(
        "SELECT own.owner, count(*) AS items FROM task_owner own JOIN desk_task t USING (task_id)"
        " WHERE t.state = 'open' AND own.owner IS NOT NULL AND own.lease_ends_at > $1 GROUP BY 1",
        now,
    )
    return {row["owner"]: row["items"] for row in rows}


async def page(connection: Connection, team: str | None, after: str | None, limit: int) -> ShiftPage:
    """Return the shifts with a record, the newest first. Raises `BadCursor`."""
    before = 2**63 - 1 if after is None else from_cursor(after, int)[0]
    rows, more = cut(await connection.fetch(_LINES, before, team, limit + 1), limit)
    items = tuple(ShiftLine(**dict(row)) for row in rows)
    return ShiftPage(items=items, next=to_cursor(items[-1].shift_id) if more else None)


async def find(connection: Connection, team_id: int, ends_at: datetime) -> int | None:
    """Return the shift of a team that ended then, if it has a record."""
    handover_id: int | None = await connection.fetchval(
        "SELECT handover_id FROM shift_handover WHERE team_id = $1 AND ends_at = $2", team_id, ends_at
    )
    return handover_id


async def head(connection: Connection, shift_id: int) -> ShiftHead:
    """Return a shift. Raises `ShiftNotFound`."""
    return await Rows(connection, ShiftHead).one(_HEAD, shift_id, missing=ShiftNotFound(shift_id))


async def records(connection: Connection, shift_id: int) -> list[StoredRecord]:
    """Return what is stored of each officer of a shift, by id."""
    return await Rows(connection, StoredRecord).many(_RECORDS, shift_id)


async def items(connection: Connection, shift_id: int, within: Within | None) -> dict[str, list[HandoverItem]]:
    """Return the work items of a shift by officer, of the cases that the list is confined to."""
    rows = await connection.fetch(
        "SELECT i.officer_id, i.task_id, t.kind, i.state, i.case_no AS ack_no, i.to_officer, i.in_play_paise,"
        " i.deadline_at FROM shift_handover_item i JOIN desk_task t USING (task_id) WHERE i.handover_id = $1"
        " ORDER BY i.officer_id, i.in_play_paise DESC, i.task_id, i.state",
        shift_id,
    )
    by_officer: dict[str, list[HandoverItem]] = {}
    for row in await _readable(connection, rows, within):
        values = dict(row)
        by_officer.setdefault(values.pop("officer_id"), []).append(HandoverItem(**values))
    return by_officer


async def drafts(connection: Connection, shift_id: int) -> dict[str, list[HandoverDraft]]:
    """Return the half-done calls of a shift by officer."""
    rows = await connection.fetch(
        "SELECT officer_id, draft_id, made_at, saved_at, ack_no FROM shift_handover_draft WHERE handover_id = $1"
        " ORDER BY made_at, draft_id",
        shift_id,
    )
    by_officer: dict[str, list[HandoverDraft]] = {}
    for row in rows:
        values = dict(row)
        by_officer.setdefault(values.pop("officer_id"), []).append(HandoverDraft(**values))
    return by_officer


async def write_note(
    connection: Connection, shift_id: int, officer_id: str, key: PersonKey, sealed: bytes, now: datetime
) -> UUID | None:
    """Write the note of an officer with its new key; return the key of the note before, or None.

    Raises `ShiftNotFound` and `NotOfThisShift`.
    """
    await head(connection, shift_id)
    row = await connection.fetchrow(
        "SELECT person_id FROM shift_handover_officer WHERE handover_id = $1 AND officer_id = $2 FOR UPDATE",
        shift_id,
        officer_id,
    )
    if row is None:
        raise NotOfThisShift(shift_id, officer_id)
    await person_keys.insert(connection, key, now)
    await connection.execute(
        "UPDATE shift_handover_officer SET person_id = $3, sealed_note = $4, noted_at = $5 WHERE handover_id = $1"
        " AND officer_id = $2",
        shift_id,
        officer_id,
        key.person_id,
        sealed,
        now,
    )
    before: UUID | None = row["person_id"]
    return before


async def take_old(connection: Connection, before: datetime, limit: int) -> list[UUID]:
    """Delete records of shifts that ended before a moment; return the keys of their notes."""
    old = [
        row["handover_id"]
        for row in await connection.fetch(
            "SELECT handover_id FROM shift_handover WHERE ends_at < $1 ORDER BY ends_at LIMIT $2"
            " FOR UPDATE SKIP LOCKED",
            before,
            limit,
        )
    ]
    keys = await connection.fetch(
        "SELECT person_id FROM shift_handover_officer WHERE handover_id = ANY($1) AND person_id IS NOT NULL", old
    )
    await connection.execute("DELETE FROM shift_handover WHERE handover_id = ANY($1)", old)
    return [row["person_id"] for row in keys]


async def _readable(connection: Connection, rows: Sequence[Record], within: Within | None) -> list[Record]:
    if within is None:
        return list(rows)
    cases: Collection[str] = {row["ack_no"] for row in rows if row["ack_no"] is not None}
    readable = await those_within(connection, within, cases)
    return [row for row in rows if row["ack_no"] in readable]


_NOTES: Final = f"""
SELECT n.team_id, n.officer_id, n.ends_at, n.person_id, encode(n.sealed_note, 'hex') AS sealed_note, n.noted_at,
    jsonb_build_object('person_id', n.person_id, 'wrapped', {wrapped_key("n")}) AS key
FROM shift_note n
"""


class ShiftNote(FrozenModel):
    """A note that no record has yet."""

    team_id: int
    officer_id: str
    ends_at: UtcDatetime
    """end of the shift when the note was written"""
    person_id: UUID
    """its key"""
    sealed_note: str = Field(repr=False)
    noted_at: UtcDatetime
    key: PersonKey = Field(repr=False)


async def lock_team(connection: Connection, team_id: int) -> None:
    """Lock a team, so that no note is written while the record of its shift is."""
    await connection.execute("SELECT FROM team WHERE team_id = $1 FOR NO KEY UPDATE", team_id)


async def of_officer(connection: Connection, officer_id: str) -> list[ShiftNote]:
    """Return the notes of an officer, the oldest first."""
    return await Rows(connection, ShiftNote).many(f"{_NOTES} WHERE n.officer_id = $1 ORDER BY n.noted_at", officer_id)


async def of_team(connection: Connection, team_id: int) -> list[ShiftNote]:
    """Return the notes for shifts of a team, the oldest first."""
    return await Rows(connection, ShiftNote).many(f"{_NOTES} WHERE n.team_id = $1 ORDER BY n.noted_at", team_id)


async def put(
    connection: Connection,
    team_id: int,
    officer_id: str,
    ends_at: datetime,
    key: PersonKey,
    sealed: bytes,
    now: datetime,
) -> None:
    """Write a note with its new key. There must be no note of this officer for this end."""
    await person_keys.insert(connection, key, now)
    await connection.execute(
        "INSERT INTO shift_note (team_id, officer_id, ends_at, person_id, sealed_note, noted_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        team_id,
        officer_id,
        ends_at,
        key.person_id,
        sealed,
        now,
    )


async def remove(connection: Connection, notes: Sequence[ShiftNote]) -> None:
    """Delete notes. Their keys stay."""
    await connection.execute("DELETE FROM shift_note WHERE person_id = ANY($1)", [note.person_id for note in notes])


async def join(connection: Connection, shift_id: int, notes: Sequence[ShiftNote]) -> None:
    """Give notes to the record of their shift, one of each officer."""
    await connection.executemany(
        "UPDATE shift_handover_officer SET person_id = $3, sealed_note = $4, noted_at = $5 WHERE handover_id = $1"
        " AND officer_id = $2",
        [(shift_id, note.officer_id, note.person_id, bytes.fromhex(note.sealed_note), note.noted_at) for note in notes],
    )


async def take_old_notes(connection: Connection, before: datetime, limit: int) -> list[UUID]:
    """Delete notes that were written before a moment; return their keys."""
    rows = await connection.fetch(
        "DELETE FROM shift_note WHERE person_id IN (SELECT person_id FROM shift_note WHERE noted_at < $1"
        " ORDER BY noted_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING person_id",
        before,
        limit,
    )
    return [row["person_id"] for row in rows]
