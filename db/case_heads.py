"""Where every case's log ends."""

from collections.abc import AsyncGenerator
from typing import Final

from db.pool import Connection

AT_ONCE: Final = 1_000


async def heads(connection: Connection) -> AsyncGenerator[str, None]:
    """One line a case: its number, how many events it has, and the hash of the last one."""
    statement = (
        "SELECT case_no || ' ' || event_seq || ' ' || encode(event_hash, 'hex') FROM case_file"
        " WHERE event_seq > 0 ORDER BY case_no"
    )
    async for row in connection.cursor(statement, prefetch=AT_ONCE):
        yield row[0]
