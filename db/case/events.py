"""The case log: writing and reading it. The database numbers each event and chains its hash."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from db.case.cases import case_no_of
from db.paging import cut
from db.pool import Connection
from schemas.case.answers import Entry
from schemas.case.request_views import EventPage, EventView
from schemas.events import EventKind

_COLUMNS: Final = (
    "seq, kind, at, actor, data, encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash"
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event to be written. `data` holds ids, codes and amounts, never a name, phone or account."""

    kind: EventKind
    data: dict[str, Any] = field(default_factory=dict)


async def append(connection: Connection, case_no: str, at: datetime, actor: str, events: Sequence[Event]) -> None:
    """Write `events` to the case's log, in order; locks the case's row until the transaction ends."""
    if not events:
        return
    await connection.execute(
        "INSERT INTO case_event (case_no, kind, at, actor, data)"
        " SELECT $1, kind, $2, $3, data FROM unnest($4::text[], $5::jsonb[]) WITH ORDINALITY AS e (kind, data, n)"
        " ORDER BY n",
        case_no,
        at,
        actor,
        [event.kind.value for event in events],
        [event.data for event in events],
    )


async def last(connection: Connection, case_no: str) -> tuple[int, str]:
    """Return number and hash of the last event in a case's log. The caller has locked the case."""
    row = await connection.fetchrow(
        "SELECT event_seq, encode(event_hash, 'hex') AS event_hash FROM case_file WHERE case_no = $1", case_no
    )
    assert row is not None, "the row of a locked case exists"
    return row["event_seq"], row["event_hash"]


async def last_seq(connection: Connection, case_no: str) -> int:
    """Return the number of the last event in a case's log, in the snapshot of the caller."""
    seq: int = await connection.fetchval("SELECT event_seq FROM case_file WHERE case_no = $1", case_no)
    return seq


def placed(entries: Sequence[Entry]) -> list[list[int | str]]:
    """Return ledger entries as an event has them: [[hop_no, bucket, paise], …]."""
    return [[entry.hop_no, entry.bucket.value, entry.amount_paise] for entry in entries]


AT_ONCE: Final = 1_000


async def heads(connection: Connection) -> AsyncGenerator[str, None]:
    """Yield one line per case: its number, the number of its events, and the hash of the last one."""
    statement = (
        "SELECT case_no || ' ' || event_seq || ' ' || encode(event_hash, 'hex') FROM case_file"
        " WHERE event_seq > 0 ORDER BY case_no"
    )
    async for row in connection.cursor(statement, prefetch=AT_ONCE):
        yield row[0]


async def page(connection: Connection, ack_no: str, after_seq: int, limit: int) -> EventPage:
    """Return up to `limit` events after `after_seq`, in order. Raises `NotFound`."""
    case_no = await case_no_of(connection, ack_no)
    rows, more = cut(await of_case(connection, case_no, after_seq, limit + 1), limit)
    return EventPage(items=tuple(rows), next=rows[-1].seq if more else None)


async def before(
    connection: Connection, case_no: str, before_seq: int | None, limit: int
) -> tuple[Sequence[EventView], bool]:
    """Return up to `limit` events before `before_seq`, the newest first, and whether there are older ones."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM case_event WHERE case_no = $1 AND ($2::bigint IS NULL OR seq < $2)"
        " ORDER BY seq DESC LIMIT $3",
        case_no,
        before_seq,
        limit + 1,
    )
    return cut([EventView(**dict(row)) for row in rows], limit)


async def of_case(connection: Connection, case_no: str, after_seq: int, limit: int) -> list[EventView]:
    """Return up to `limit` events after `after_seq`, in order; `case_no` is the case's own number."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM case_event WHERE case_no = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        case_no,
        after_seq,
        limit,
    )
    return [EventView(**dict(row)) for row in rows]
