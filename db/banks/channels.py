"""Channels of institutions, with their order and their health."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from db.pool import Connection
from domain.banks.channel_choice import WELL, ChannelBreaker
from schemas.enums import ChannelKind, ChannelState

Key = tuple[str, ChannelKind]
"""an institution and one of its channels"""


async def all_health(connection: Connection, institution: str | None = None) -> dict[Key, ChannelBreaker]:
    """Return the health of every channel that has failed, of one institution or of all."""
    rows = await connection.fetch(
        "SELECT institution, channel, state, failures, silences, probe_at FROM channel_health"
        " WHERE $1::text IS NULL OR institution = $1",
        institution,
    )
    return {
        (row["institution"], ChannelKind(row["channel"])): ChannelBreaker(
            state=ChannelState(row["state"]),
            failures=row["failures"],
            silences=row["silences"],
            probe_at=row["probe_at"],
        )
        for row in rows
    }


async def change_health(
    connection: Connection, key: Key, change: Callable[[ChannelBreaker, datetime], ChannelBreaker]
) -> ChannelBreaker:
    """Apply a rule of `domain.banks.channel_choice` to one channel, and return the outcome.

    Runs in the caller's transaction. A lock makes two processes that change one channel wait for each other. `change`
    gets the present moment after that wait.
    """
    institution, channel = key
    # An advisory lock is used because at the first failure there is no row to lock.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 11))", f"{institution}/{channel.value}")
    row = await connection.fetchrow(
        "SELECT present_moment() AS now, state, failures, silences, probe_at FROM (SELECT) AS present"
        " LEFT JOIN channel_health ON institution = $1 AND channel = $2",
        institution,
        channel.value,
    )
    assert row is not None, "the present moment is there without a row too"
    before = ChannelBreaker(**{name: row[name] for name in ChannelBreaker.model_fields}) if row["state"] else WELL
    after = change(before, row["now"])
    if after == before:
        return after
    if after == WELL:
        await connection.execute(
            "DELETE FROM channel_health WHERE institution = $1 AND channel = $2", institution, channel.value
        )
        return after
    await connection.execute(
        "INSERT INTO channel_health (institution, channel, state, failures, silences, probe_at, changed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (institution, channel) DO UPDATE SET"
        " state = EXCLUDED.state, failures = EXCLUDED.failures, silences = EXCLUDED.silences,"
        " probe_at = EXCLUDED.probe_at, changed_at = EXCLUDED.changed_at",
        institution,
        channel.value,
        after.state.value,
        after.failures,
        after.silences,
        after.probe_at,
        row["now"],
    )
    return after


_REACHED: Final = """
SELECT channel FROM hold_request WHERE case_no = $1 AND institution = $2 AND channel IS NOT NULL
UNION
SELECT a.channel FROM hold_request r
JOIN delivery_attempt a ON a.subject_id = r.request_id AND a.subject_kind = 'hold_request'
WHERE r.case_no = $1 AND r.institution = $2 AND r.delivered_at IS NULL AND a.detail = $3
"""


async def that_reached(connection: Connection, case_no: str, institution: str, unread: str) -> list[ChannelKind]:
    """Return the channels by which an institution that answers about a case can have its requests.

    These are the channels that delivered one, and those whose reply could not be read. `unread` is the name of that
    failure.
    """
    rows = await connection.fetch(_REACHED, case_no, institution, unread)
    return [ChannelKind(row["channel"]) for row in rows]
