"""Whether the database can store anything now."""

from enum import StrEnum
from typing import Final

import asyncpg

from db.pool import Connection


class Storage(StrEnum):
    """State of the database's storage."""

    OK = "ok"
    FULL = "full"
    READ_ONLY = "read_only"


_SPILL: Final = """
SELECT count(*) FROM (SELECT g FROM generate_series(1, 1000) AS g ORDER BY repeat('x', 1000), g) AS spilled
"""
"""Sorts a megabyte in the smallest memory, so that the server writes it to a temporary file and deletes the file. A
full disk refuses it. No table, no index and no write-ahead log grows by it."""


async def storage_state(connection: Connection) -> Storage:
    """Return whether the server accepts writes and its disk has room. Raises as every query does."""
    async with connection.transaction():
        read_only = await connection.fetchval(
            "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
        )
    if read_only:
        return Storage.READ_ONLY
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL work_mem = '64kB'")
            await connection.execute(_SPILL)
    except asyncpg.DiskFullError:
        return Storage.FULL
    return Storage.OK
