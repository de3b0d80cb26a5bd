"""D14: whether the database can store anything, found out without a lasting write."""

import re

import pytest

from db.databases import _SPILL, Storage, storage_state
from db.pool import Pool


async def test_a_database_that_takes_writes_is_ok_and_nothing_of_the_try_stays(database: Pool) -> None:
    async with database.acquire() as connection:
        before = await connection.fetchval("SELECT pg_current_wal_insert_lsn()")
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
        for _ in range(20):
            assert await storage_state(connection) is Storage.OK
        grown = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", before)
        assert await connection.fetchval("SELECT pg_database_size(current_database())") == size
        assert await connection.fetchval("SHOW work_mem") != "64kB"
    # Other work of the server may write a little in the meantime.
    assert grown < 1_000_000


async def test_the_try_needs_room_on_the_disk(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL work_mem = '64kB'")
        plan = "\n".join(line for (line,) in await connection.fetch(f"EXPLAIN ANALYZE {_SPILL}"))
    (kilobytes,) = re.findall(r"Sort Method: external merge  Disk: (\d+)kB", plan)
    assert 500 < int(kilobytes) < 2_000


async def test_a_full_disk_is_told(database: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    full = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"
    monkeypatch.setattr("db.databases._SPILL", full)
    async with database.acquire() as connection:
        assert await storage_state(connection) is Storage.FULL
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_read_only_database_is_told(database: Pool) -> None:
    async with database.acquire() as connection:
        await connection.execute("SET default_transaction_read_only = on")
        assert await storage_state(connection) is Storage.READ_ONLY
        await connection.execute("RESET default_transaction_read_only")
