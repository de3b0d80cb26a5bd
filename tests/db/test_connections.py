"""Limits that PostgreSQL keeps on every connection, so that a process that stands still stops no other."""

import ast
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from activities.isolation import LOCK_ATTEMPTS
from db import connections
from db.connections import OF_A_MIGRATION, OF_A_PROCESS, OF_THE_OWNER, ConnectionLimits, connection_settings
from db.pool import COMMAND_TIMEOUT_SECONDS, Connection, open_pool
from db.rate_limits import kept_alive
from db.reporting.outcomes import READ_SECONDS
from tests.each import each
from tests.paths import ROOT
from tests.server import through_tcp
from tests.style.rules import ROOMS

PEERS = "benchmarks/peers/flow.py"
"""a peer's process in a benchmark, which has none of our code"""
KEEPS_A_CASE = """
async with pool.acquire() as connection, connection.transaction():
    await connection.execute("SELECT pg_advisory_xact_lock(42)")
    print("locked", flush=True)
    await asyncio.sleep(600)
"""
LEADS = """
async with pool.acquire() as connection:
    assert await try_to_lock(connection, 42, timedelta(seconds=3))
    async with kept_alive(connection, timedelta(seconds=3)):
        print("locked", flush=True)
        await asyncio.sleep(600)
"""
PROCESS = """
import asyncio, sys
from datetime import timedelta
from db.connections import ConnectionLimits
from db.pool import open_pool
from db.rate_limits import kept_alive, try_to_lock

async def main():
    pool = await open_pool(sys.argv[1], min_size=1, limits=ConnectionLimits(idle_in_transaction_seconds=5))
    {work}

asyncio.run(main())
"""


@pytest.fixture
def database_dsn(database_dsn: str) -> str:
    """URL of the database by TCP, whose limits are looked at."""
    return through_tcp(database_dsn)


@asynccontextmanager
async def process(dsn: str, work: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process that has the lock, and kill it afterwards."""
    code = PROCESS.format(work=work.strip().replace("\n", "\n    "))
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, dsn, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert running.stdout is not None
        async with asyncio.timeout(60):
            assert await running.stdout.readline() == b"locked\n"
        yield running
    finally:
        running.kill()
        await running.wait()


async def is_free(connection: Connection) -> bool:
    """Return whether the lock is free."""
    async with connection.transaction():
        free: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock(42)")
    return free


async def becomes_free(connection: Connection) -> None:
    """Return when the lock is free."""
    async with asyncio.timeout(60):
        while not await is_free(connection):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("work", [KEEPS_A_CASE, LEADS])
async def test_m7_a_process_that_stands_still_keeps_no_lock(database_dsn: str, work: str) -> None:
    connection = await connections.connect(database_dsn, "test")
    try:
        async with process(database_dsn, work) as running:
            assert not await is_free(connection)
            os.kill(running.pid, signal.SIGSTOP)
            await becomes_free(connection)
            assert running.returncode is None
    finally:
        await connection.close()


async def test_m7_a_leader_that_works_keeps_its_lock(database_dsn: str) -> None:
    connection = await connections.connect(database_dsn, "test")
    try:
        async with process(database_dsn, LEADS):
            for _ in range(12):
                assert not await is_free(connection)
                await asyncio.sleep(0.5)
    finally:
        await connection.close()


SHOWN = {
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "statement_timeout": "150s",
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "client_connection_check_interval": "10s",
}


async def test_m7_every_connection_of_a_pool_has_limits(database_dsn: str) -> None:
    pool = await open_pool(database_dsn, min_size=1, max_size=1)
    try:
        assert {name: await pool.fetchval(f"SHOW {name}") for name in SHOWN} == SHOWN
    finally:
        await pool.close()


async def test_m7_a_connection_beside_the_pool_has_limits(database_dsn: str) -> None:
    connection = await connections.connect(database_dsn, "goldenhour test")
    try:
        for name, value in {"idle_in_transaction_session_timeout": "5min", "tcp_keepalives_count": "3"}.items():
            assert await connection.fetchval(f"SHOW {name}") == value
    finally:
        await connection.close()


def test_m7_a_process_gives_up_before_the_server_does() -> None:
    assert OF_A_PROCESS.statement_seconds > max(COMMAND_TIMEOUT_SECONDS, READ_SECONDS)
    assert OF_A_PROCESS.lock_seconds < COMMAND_TIMEOUT_SECONDS


def test_m7_a_verb_outlasts_a_transaction_of_a_process_that_stands_still() -> None:
    assert LOCK_ATTEMPTS * OF_A_PROCESS.lock_seconds > OF_A_PROCESS.idle_in_transaction_seconds


@each("limits", [OF_A_PROCESS, OF_THE_OWNER, OF_A_MIGRATION])
def test_m7_no_transaction_idles_without_end(limits: ConnectionLimits) -> None:
    assert 0 < limits.idle_in_transaction_seconds <= 300
    assert connection_settings("test", limits)["idle_in_transaction_session_timeout"].endswith("000ms")


def test_m7_every_opener_takes_its_settings_from_one_place() -> None:
    without = []
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text()
            # To parse every file takes seconds.
            for call in ast.walk(ast.parse(text)) if "asyncpg." in text else ():
                opens = isinstance(call, ast.Call) and ast.unparse(call.func) in {
                    "asyncpg.connect",
                    "asyncpg.create_pool",
                }
                if opens and "connection_settings(" not in ast.unparse(call):
                    without.append(str(file.relative_to(ROOT)))
    assert without == [PEERS]


@pytest.mark.parametrize("steps", range(8))
async def test_a_cancellation_at_the_end_of_a_kept_lock_is_not_lost(database_dsn: str, steps: int) -> None:
    connection = await connections.connect(database_dsn, "test")
    over = asyncio.Event()

    async def lead() -> None:
        async with kept_alive(connection):
            await over.wait()

    try:
        leading = asyncio.create_task(lead())
        await asyncio.sleep(0)
        over.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        was_told = leading.cancel()
        await asyncio.wait([leading])
        assert leading.cancelled() == was_told
    finally:
        await connection.close()
