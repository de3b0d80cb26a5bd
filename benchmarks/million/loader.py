"""Loads a database with invented cases by COPY, within a limit of size."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import asyncpg

from benchmarks.measuring import Progress
from benchmarks.million.rows import BANKS, CASES_A_BLOCK, COLUMNS, OPEN_SHARE, Block, day_of, write_block
from db import query_plans

LIMIT_BYTES: Final = 20 * 10**9
BYTES_A_CASE: Final = 19_600
"""as the loader fills the tables, with their indexes"""
SPARE_BYTES: Final = 5 * 10**9
"""for the write-ahead log and for sorting, beside the database"""
MAINTENANCE_MEMORY: Final = "1GB"
SETTLED_BLOCKS: Final = 8
OPEN_BLOCKS: Final = 2
"""blocks that are written; all others are the same text with other numbers"""
CHECK_EVERY_BLOCKS: Final = 200
BANK_TABLES: Final = ("institution", "institution_channel")
BLOCKS_MAX: Final = 99_999
"""numbers of blocks have five digits"""


class LoadTooLarge(Exception):
    """The cases do not fit: into the limit of size, or on the disk."""


def check_room(cases: int, folder: Path) -> None:
    """Raise `LoadTooLarge` if this many cases would be larger than the limit or than the free disk of the folder."""
    expected = cases * BYTES_A_CASE
    if expected > LIMIT_BYTES or blocks_of(cases) > BLOCKS_MAX:
        raise LoadTooLarge(f"{cases} cases take about {_gigabytes(expected)}; the limit is {_gigabytes(LIMIT_BYTES)}")
    free = shutil.disk_usage(folder).free
    if expected + SPARE_BYTES > free:
        needed = _gigabytes(expected + SPARE_BYTES)
        raise LoadTooLarge(f"{cases} cases need about {needed}; {folder} has {_gigabytes(free)} free")


def blocks_of(cases: int) -> int:
    """Return the number of blocks that hold this many cases."""
    return max(1, -(-cases // CASES_A_BLOCK))


async def load(
    connection: asyncpg.Connection, cases: int, policy: dict[str, Any], today: date, seed: int, progress: Progress
) -> None:
    """Fill the hot tables with this many cases, rounded up to whole blocks, in one transaction.

    Then make the indexes again and analyze. Raises `LoadTooLarge` when the database grows beyond the limit.
    """
    tables = list(COLUMNS)
    await query_plans.prepare(connection, MAINTENANCE_MEMORY)
    source = _Source(cases, policy, today, seed)
    async with connection.transaction():
        made_by = await query_plans.drop_indexes(connection, tables)
        await query_plans.empty(connection, [*tables, *BANK_TABLES])
        reserved = await query_plans.fill_pages(connection, tables)
        await _write_banks(connection, today)
        for table in tables:
            await _fill(connection, table, source, progress)
        await query_plans.reserve(connection, reserved)
    await query_plans.count_on(connection, tables)
    for number, statement in enumerate(made_by, 1):
        progress.step(f"index {number} of {len(made_by)}")
        await query_plans.make_index(connection, statement)
        await _check_size(connection)
    progress.step("analyzing")
    await query_plans.analyze(connection, [*tables, *BANK_TABLES])


class _Source:
    """The rows of all blocks, table by table."""

    def __init__(self, cases: int, policy: dict[str, Any], today: date, seed: int) -> None:
        self.blocks = blocks_of(cases)
        self._today = today
        self._first_open = self.blocks - max(1, round(self.blocks * OPEN_SHARE))
        self._settled = [write_block(seed + n, policy, is_open=False) for n in range(SETTLED_BLOCKS)]
        self._open = [write_block(seed - 1 - n, policy, is_open=True) for n in range(OPEN_BLOCKS)]

    async def rows(self, table: str, done: list[int]) -> AsyncIterator[bytes]:
        """Yield the rows of a table, block by block; the last number of `done` is that of the block."""
        for block_no in range(self.blocks):
            block: Block = self._pick(block_no)
            done[-1] = block_no
            yield block.numbered(table, block_no, day_of(block_no, self.blocks, self._today))

    def _pick(self, block_no: int) -> Block:
        among = self._open if block_no >= self._first_open else self._settled
        return among[block_no % len(among)]


async def _fill(connection: asyncpg.Connection, table: str, source: _Source, progress: Progress) -> None:
    done = [0]

    async def watched() -> AsyncIterator[bytes]:
        async for rows in source.rows(table, done):
            if done[-1] % CHECK_EVERY_BLOCKS == 0:
                progress.tick(f"{table}: {done[-1] * CASES_A_BLOCK} of {source.blocks * CASES_A_BLOCK} cases")
                await asyncio.sleep(0)
            yield rows

    progress.step(table)
    await query_plans.copy(connection, table, COLUMNS[table].split(), watched())
    await _check_size(connection)


async def _check_size(connection: asyncpg.Connection) -> None:
    if (size := await query_plans.database_bytes(connection)) > LIMIT_BYTES:
        raise LoadTooLarge(f"the database has {_gigabytes(size)}; the limit is {_gigabytes(LIMIT_BYTES)}")


async def _write_banks(connection: asyncpg.Connection, today: date) -> None:
    """Write the banks, all of which answer by API. No call reaches them, so they have no credentials."""
    banks = [(code, f"Bank {code}", "bank", "api", today.isoformat()) for code in BANKS]
    names = ("code", "name", "kind", "answer_class", "updated_at")
    await query_plans.copy(connection, "institution", names, _lines(banks))
    channels = [(code, "i4c", 0, rf"\\x676801{'00' * 36}") for code in BANKS]
    of_channels = ("institution", "channel", "position", "sealed")
    await query_plans.copy(connection, "institution_channel", of_channels, _lines(channels))


async def _lines(rows: Sequence[tuple[object, ...]]) -> AsyncIterator[bytes]:
    for row in rows:
        yield ("\t".join(map(str, row)) + "\n").encode()


def _gigabytes(size: int) -> str:
    return f"{size / 10**9:.1f} GB"


async def sizes(connection: asyncpg.Connection) -> dict[str, str]:
    """Return for the database and each filled table its rows and its size as text."""
    whole = await query_plans.database_bytes(connection)
    table_sizes = await query_plans.sizes(connection, list(COLUMNS))
    return {"database": _gigabytes(whole)} | {
        table: f"{rows} rows, {_megabytes(own)}, indexes {_megabytes(indexes)}"
        for table, (rows, own, indexes) in table_sizes.items()
    }


def _megabytes(size: int) -> str:
    return f"{size / 10**6:.0f} MB"
