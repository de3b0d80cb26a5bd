"""The case log. The database numbers and chains each event (migration 0003)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from db.pool import Connection
from schemas.answers import Entry
from schemas.enums import EventKind


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


def placed(entries: Sequence[Entry]) -> list[list[int | str]]:
    """Ledger entries as an event carries them: [[hop_no, bucket, paise], …]."""
    return [[entry.hop_no, entry.bucket.value, entry.amount_paise] for entry in entries]
