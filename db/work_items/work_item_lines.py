"""Open work items as the streams of officers know them: by id, by case, and a slice of all.

A line has the facts by which it is decided who sees it, so that one reading serves every stream of a process.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from asyncpg import Record

from db.pool import Connection
from db.privacy import jurisdiction
from db.task_owners import WAKES_AT
from domain.work_items.task_owners import Actable
from schemas.enums import Person, TaskKind, TaskState
from schemas.events import EventKind
from schemas.privacy.personal_data import CasePlace
from schemas.restoration_enums import DocumentKind, GrievanceLevel, Step
from schemas.tasks import Subject, TaskCause
from schemas.work_items.officer_streams import TaskLine

CHANGED: Final = "work_item"
"""the channel of notifications; the payload is ids of work items with commas between them"""
IDS_AT_ONCE: Final = 400
"""ids of one notification, whose payload has less than 8,000 bytes"""

_DUE_AT: Final = """
CASE t.subject_kind
    WHEN 'duty' THEN (SELECT d.due_at FROM duty d
        WHERE d.case_no = t.case_no AND d.kind = t.subject_id AND d.done_at IS NULL)
    WHEN 'hold' THEN (SELECT a.lapses_at FROM account_hold a
        WHERE a.hold_id = t.subject_id::uuid AND a.state = 'held' AND a.retained_by_kind IS NULL)
    WHEN 'restoration' THEN (SELECT min(s.due_at) FROM restoration_step s
        WHERE s.restoration_id = t.subject_id::uuid AND s.ended_at IS NULL)
    WHEN 'grievance' THEN (SELECT min(l.due_at) FROM grievance_level l
        WHERE l.grievance_id = t.subject_id::uuid AND l.ended_at IS NULL)
END"""

# The conditions of documents, step and level are those of `db.work_items.task_filters`.
_LINES: Final = f"""
SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS read_at,
    t.task_id, t.state, t.kind, t.cause, t.case_no, t.subject_kind, t.subject_id,
    coalesce(t.institution, val.institution) AS institution, val.district, val.persons,
    coalesce(own.version, 0) AS version, own.owner, own.since, own.lease_ends_at, own.snoozed_until,
    CASE WHEN own.snoozed_until IS NOT NULL THEN {WAKES_AT} END AS wakes_at,
    val.in_play_paise, val.rank_paise, t.opened_at, t.closed_at, {_DUE_AT} AS due_at,
    CASE t.cause WHEN 'documents_wait'
        THEN ARRAY(SELECT d->>'kind' FROM jsonb_array_elements(t.facts->'documents') d) END AS documents,
    CASE WHEN t.kind IN ('restoration_step', 'supervise') AND t.subject_kind = 'restoration'
        THEN (SELECT n.step FROM restoration n WHERE n.restoration_id = t.subject_id::uuid) END AS step,
    CASE WHEN t.kind = 'grievance' AND t.subject_kind = 'grievance'
        THEN (SELECT g.level FROM grievance g WHERE g.grievance_id = t.subject_id::uuid) END AS level
FROM desk_task t LEFT JOIN task_owner own USING (task_id) LEFT JOIN task_value val USING (task_id)
"""
# Two indexes find the items: one condition with OR would read them all.
OF_IDS: Final = f"""
{_LINES} WHERE t.task_id = ANY($1::bigint[])
UNION ALL {_LINES} WHERE t.case_no = ANY($2::text[]) AND t.state = 'open' AND t.task_id <> ALL($1::bigint[])
"""
SLICE: Final = f"{_LINES} WHERE t.state = 'open' AND t.task_id > $1 ORDER BY t.task_id LIMIT $2"

# The log of a case is read from where the caller is. Of a case whose log is not followed, only what passed just now.
_LOGGED: Final = """
SELECT e.case_no, e.seq, e.kind, e.at, e.data->>'level' AS level, e.data->>'kind' AS of_kind, e.data->>'step' AS step,
    e.data->>'institution' AS institution, e.data->'task_id' AS task_id
FROM unnest($1::text[], $2::bigint[]) AS known (case_no, seq) JOIN case_file f USING (case_no)
JOIN case_event e ON e.case_no = f.case_no AND e.seq > greatest(known.seq, f.event_seq - $3)
WHERE known.seq IS NOT NULL OR (e.kind = ANY($4::text[]) AND e.at > present_moment() - $5 * interval '1 second')
ORDER BY e.case_no, e.seq
"""
_LOG_NEWEST: Final = 20
_LOG_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ItemLine:
    """A work item with everything that a stream shows of it, and that decides who sees it."""

    read_at: int = field(compare=False)
    """microseconds of the database's clock; a later reading has a larger number"""
    task_id: int
    state: TaskState
    case_no: str | None
    subject: Subject
    institution: str | None
    district: str | None
    persons: tuple[Person, ...]
    version: int
    last_owner: str | None
    since: datetime | None
    lease_ends_at: datetime | None
    snoozed_until: datetime | None
    wakes_at: datetime | None
    in_play_paise: int | None
    rank_paise: int | None
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    acts: Actable
    place: CasePlace | None

    def is_owned(self, now: datetime) -> bool:
        """Return whether an officer has it."""
        return self.last_owner is not None and self.lease_ends_at is not None and self.lease_ends_at > now

    def is_snoozed(self, now: datetime) -> bool:
        """Return whether it sleeps."""
        return self.wakes_at is not None and self.wakes_at > now

    def shown(self, now: datetime) -> TaskLine:
        """Return the item as a list shows it now."""
        owned = self.is_owned(now)
        return TaskLine(
            task_id=self.task_id,
            state=self.state,
            kind=self.acts.kind,
            cause=self.acts.cause,
            case_ack_no=self.case_no,
            subject=self.subject,
            institution=self.institution,
            district=self.district,
            persons=self.persons,
            version=self.version,
            owner=self.last_owner if owned else None,
            owned_since=self.since if owned else None,
            lease_ends_at=self.lease_ends_at if owned else None,
            snoozed_until=self.snoozed_until if self.is_snoozed(now) else None,
            due_at=self.due_at,
            in_play_paise=self.in_play_paise,
            rank_paise=self.rank_paise,
            opened_at=self.opened_at,
            closed_at=self.closed_at,
        )


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of a case, with what a stream may say of it."""

    case_no: str
    seq: int
    kind: EventKind
    at: datetime
    about: str
    institution: str | None
    task_id: int | None


async def of(connection: Connection, task_ids: Collection[int], case_nos: Collection[str]) -> list[ItemLine]:
    """Return these work items, closed ones too, and the open ones of these cases."""
    return await _with_places(connection, await connection.fetch(OF_IDS, list(task_ids), list(case_nos)))


async def part(connection: Connection, after: int, limit: int) -> list[ItemLine]:
    """Return up to `limit` open work items after this id, in order."""
    return await _with_places(connection, await connection.fetch(SLICE, after, limit))


async def newest_but(connection: Connection, limit: int) -> int:
    """Return the id after which the newest `limit` open work items come."""
    task_id = await connection.fetchval(
        "SELECT task_id FROM desk_task WHERE state = 'open' ORDER BY task_id DESC OFFSET $1 LIMIT 1", limit
    )
    return task_id or 0


async def logged(
    connection: Connection, known: dict[str, int | None], deadlines: Collection[EventKind]
) -> list[LoggedEvent]:
    """Return the events of these cases after the known ones; None gives only deadlines that passed just now."""
    rows = await connection.fetch(
        _LOGGED,
        list(known),
        list(known.values()),
        _LOG_NEWEST,
        [kind.value for kind in deadlines],
        _LOG_SECONDS,
    )
    return [
        LoggedEvent(
            case_no=row["case_no"],
            seq=row["seq"],
            kind=EventKind(row["kind"]),
            at=row["at"],
            about=row["level"] or row["of_kind"] or row["step"] or "",
            institution=row["institution"],
            task_id=row["task_id"] if isinstance(row["task_id"], int) else None,
        )
        for row in rows
    ]


async def log_ends(connection: Connection, case_nos: Collection[str]) -> dict[str, int]:
    """Return the number of the last event of each of these cases."""
    rows = await connection.fetch("SELECT case_no, event_seq FROM case_file WHERE case_no = ANY($1)", list(case_nos))
    return {row["case_no"]: row["event_seq"] for row in rows}


async def announce(connection: Connection, task_ids: Collection[int]) -> None:
    """Wake the streams that show these work items."""
    ids = list(task_ids)
    for start in range(0, len(ids), IDS_AT_ONCE):
        payload = ",".join(str(task_id) for task_id in ids[start : start + IDS_AT_ONCE])
        await connection.execute("SELECT pg_notify($1, $2)", CHANGED, payload)


async def _with_places(connection: Connection, rows: list[Record]) -> list[ItemLine]:
    places = await jurisdiction.places(connection, {row["case_no"] for row in rows if row["case_no"] is not None})
    return [_line(row, places.get(row["case_no"])) for row in rows]


def _line(row: Record, place: CasePlace | None) -> ItemLine:
    return ItemLine(
        read_at=row["read_at"],
        task_id=row["task_id"],
        state=TaskState(row["state"]),
        case_no=row["case_no"],
        subject=Subject(kind=row["subject_kind"], id=row["subject_id"]),
        institution=row["institution"],
        district=row["district"],
        persons=tuple(Person(value) for value in row["persons"] or ()),
        version=row["version"],
        last_owner=row["owner"],
        since=row["since"],
        lease_ends_at=row["lease_ends_at"],
        snoozed_until=row["snoozed_until"],
        wakes_at=row["wakes_at"],
        in_play_paise=row["in_play_paise"],
        rank_paise=row["rank_paise"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        due_at=row["due_at"],
        acts=Actable(
            kind=TaskKind(row["kind"]),
            cause=TaskCause(row["cause"]),
            documents=frozenset(DocumentKind(value) for value in row["documents"] or ()),
            step=Step(row["step"]) if row["step"] else None,
            level=GrievanceLevel(row["level"]) if row["level"] else None,
        ),
        place=place,
    )
