"""Reading the case log."""

from db.cases.cases import case_no_of
from db.paging import cut
from db.pool import Connection
from schemas.tracing.views import EventPage, EventView


async def page(connection: Connection, ack_no: str, after_seq: int, limit: int) -> EventPage:
    """Up to `limit` events after `after_seq`, in order. Raises `NotFound`."""
    case_no = await case_no_of(connection, ack_no)
    rows, more = cut(await of_case(connection, case_no, after_seq, limit + 1), limit)
    return EventPage(items=tuple(rows), next=rows[-1].seq if more else None)


async def of_case(connection: Connection, case_no: str, after_seq: int, limit: int) -> list[EventView]:
    """Up to `limit` events of the case with that very number after `after_seq`, in order."""
    rows = await connection.fetch(
        "SELECT seq, kind, at, actor, data, encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash"
        " FROM case_event WHERE case_no = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        case_no,
        after_seq,
        limit,
    )
    return [EventView(**dict(row)) for row in rows]
