"""The case log. The database numbers and chains each event (migration 0003)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from db.pool import Connection
from schemas.enums import EventKind
from schemas.tracing.answers import Entry


@dataclass(frozen=True, slots=True)
class Event:
    """One event to be written. `data` holds ids, codes and amounts, never a name, phone or account."""

    kind: EventKind
    data: dict[str, Any] = field(default_factory=dict)


async def append(connection: Connection, case_no: str, at: datetime, actor: str, events: Sequence[Event]) -> None:
    """Write `events` to the case's log, in order; takes the case's row lock until the transaction ends."""
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
    """Number and hash of the last event in a case's log; the case's row is locked."""
    row = await connection.fetchrow(
        "SELECT event_seq, encode(event_hash, 'hex') AS event_hash FROM case_file WHERE case_no = $1", case_no
    )
    assert row is not None, "a case that is held is there"
    return row["event_seq"], row["event_hash"]


def placed(entries: Sequence[Entry]) -> list[list[int | str]]:
    """Ledger entries as an event carries them: [[hop_no, bucket, paise], …]."""
    return [[entry.hop_no, entry.bucket.value, entry.amount_paise] for entry in entries]
