"""Nightly runs, and the anchors that they write outside of the database.

Nightly runs: verification of all cases and the anchor of their logs, at low priority, with a result for each. A run
that is not clean opens one work item for the supervisor. A later clean run closes it.

Lists of the last hashes of case logs, written to files that appear when they are complete. A list whose name ends with
`.gz` is compressed with gzip.
"""

import asyncio
import gzip
import hashlib
import logging
import os
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

import asyncpg

from activities.banks.bodies import BodyOpener
from activities.context import Context
from db import connections, tasks
from db.case.case_outbox import read_deferral
from db.case.events import heads
from db.evidence import integrity
from db.evidence.integrity import case_batch, strays
from db.pool import Connection
from db.rate_limits import kept_alive, try_to_lock
from domain.evidence.integrity import Verdict, is_due, list_name, lists_to_delete
from schemas.nightly_runs import NightlyRun, NightlyWork, RunOutcome, RunResult
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import IST

PRIVATE_FILE_MODE: Final = 0o600
GZIP_SUFFIX: Final = ".gz"
GZIP_LEVEL: Final = 1
"""A list is mostly hashes, whose digits get no shorter at a higher level."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
"""asks zlib for the format of gzip"""


class Anchor(NamedTuple):
    """A list that was written."""

    cases: int
    digest: str
    """SHA-256 of the list, as it is before it is compressed"""


@contextmanager
def draft(target: Path) -> Iterator[IO[bytes]]:
    """Open a private file that replaces `target` when complete, and is deleted otherwise."""
    path = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE_MODE)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)


async def write_anchor(connection: Connection, target: Path) -> Anchor:
    """Write the last hash of every case log to `target`, from one snapshot. Raises OSError."""
    cases, digest = 0, hashlib.sha256()
    with draft(target) as file, ExitStack() as stack:
        written: IO[bytes] = file
        if target.suffix == GZIP_SUFFIX:
            # Without a time and a name the same list is the same file.
            zipped = gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0)
            written = cast("IO[bytes]", stack.enter_context(zipped))
        async with (
            connection.transaction(isolation="repeatable_read", readonly=True),
            aclosing(heads(connection)) as lines,
        ):
            async for line in lines:
                text = f"{line}\n".encode()
                written.write(text)
                digest.update(text)
                cases += 1
    return Anchor(cases, digest.hexdigest())


def list_text(content: bytes, most_bytes: int) -> str:
    """Return the text of a list, compressed or not, cut to so many bytes. Raises ValueError for a broken file."""
    if content.startswith(_GZIP_MAGIC):
        try:
            content = zlib.decompressobj(_GZIP_WINDOW).decompress(content, most_bytes)
        except zlib.error as error:
            raise ValueError("the list is compressed, and broken") from error
    return content[:most_bytes].decode("ascii", "replace")


log = logging.getLogger(__name__)

STATEMENT_SECONDS: Final = 1_800.0
"""the longest time of one statement; the largest reads every ledger entry once"""
BUSY_CHECK_SECONDS: Final = 1.0
PRIVATE_FOLDER_MODE: Final = 0o700
CLOSED: Final = "a later run is clean"
FOUND: Final = "a later run found a violation"
CAUSES: Final = (TaskCause.NIGHTLY_RUN_BROKEN, TaskCause.NIGHTLY_RUN_FAILED)


@dataclass(frozen=True)
class NightlyRuns:
    """Does the nightly work that is due. Of several processes one does it."""

    ctx: Context
    dsn: str
    """A run has a connection of its own, because its statements are longer than those of the pool."""
    anchor_folder: Path

    async def run_due(self) -> list[NightlyRun]:
        """Do the work that is due now; return the runs that ended. Does nothing while another process works."""
        if not await self._due():
            return []
        async with self.ctx.pool.acquire() as connection:
            if not await try_to_lock(connection, integrity.RUN_LOCK):
                return []
            async with kept_alive(connection):
                # Another process may have done it before this one got the lock.
                ended = [await self.run(work) for work in await self._due()]
        return [run for run in ended if run is not None]

    async def run(self, work: NightlyWork) -> NightlyRun | None:
        """Do one piece of work, and write its result; None if another process has begun it again meanwhile."""
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            run_id = await integrity.begin(connection, work, self.ctx.now())
        try:
            result = await (self._verified() if work is NightlyWork.VERIFY else self._anchored(run_id))
        except Exception as error:
            # The text may have data of a case.
            log.error("nightly %s failed: %s", work.value, type(error).__name__)
            result = RunResult(outcome=RunOutcome.FAILED, failure=type(error).__name__)
        run = await self._end(run_id, work, result)
        if run is not None and run.digest is not None:
            await asyncio.to_thread(self._prune, run_id)
        return run

    async def _due(self) -> list[NightlyWork]:
        now, rules = self.ctx.now(), self.ctx.policy.nightly
        async with self.ctx.pool.acquire() as connection:
            newest = await integrity.newest(connection)
        return [work for work in NightlyWork if is_due(rules, work, newest.get(work), now)]

    async def _end(self, run_id: int, work: NightlyWork, result: RunResult) -> NightlyRun | None:
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            run = await integrity.end(connection, run_id, result, now)
            if run is None:
                return None
            if result.outcome is RunOutcome.CLEAN:
                await tasks.close_for_nightly_run(connection, work, CAUSES, now, CLOSED)
            elif result.outcome is RunOutcome.BROKEN:
                facts = TaskFacts(violations=result.violations, ack_no=result.first_case or "")
                # Work has one open item. An item about an error must not keep the violation away.
                await tasks.close_for_nightly_run(connection, work, (TaskCause.NIGHTLY_RUN_FAILED,), now, FOUND)
                await tasks.open_for_nightly_run(connection, work, TaskCause.NIGHTLY_RUN_BROKEN, facts, now)
            else:
                facts = TaskFacts(error=result.failure or "")
                await tasks.open_for_nightly_run(connection, work, TaskCause.NIGHTLY_RUN_FAILED, facts, now)
        log.info("nightly %s: %s, %s cases, SHA-256 %s", work.value, run.outcome, run.cases, run.digest)
        return run

    # -- the work ------------------------------------------------------------------------------------------------------

    async def _verified(self) -> RunResult:
        """Check every rule of every case, a batch at a time.

        Each batch has a snapshot of its own. One snapshot for hours would keep PostgreSQL from cleaning its tables.
        """
        verdict, opens, after = Verdict(has_key=True), BodyOpener(self.ctx.persons), ""
        async with self._connected() as connection:
            async with _snapshot(connection):
                verdict.note(await strays(connection))
            while True:
                began = time.monotonic()
                async with _snapshot(connection):
                    batch = await case_batch(connection, opens, after)
                if not batch:
                    break
                after = batch[-1].case_no
                for case in batch:
                    # A thread, because a case with many hops takes seconds.
                    await asyncio.to_thread(verdict.examine, case)
                await self._rest(time.monotonic() - began)
        for violation in verdict.breaks:
            log.error("nightly verify: case %s violates %s", violation.case_no, violation.check.value)
        if verdict.clean:
            return RunResult(outcome=RunOutcome.CLEAN, cases=verdict.cases)
        return RunResult(
            outcome=RunOutcome.BROKEN,
            cases=verdict.cases,
            violations=verdict.breaks_total,
            first_case=verdict.breaks[0].case_no,
            unopened=verdict.unopened or None,
        )

    async def _anchored(self, run_id: int) -> RunResult:
        """Write the last hash of every case log to a file of the folder."""
        await asyncio.to_thread(self.anchor_folder.mkdir, PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
        day = self.ctx.now().astimezone(IST).date()
        async with self._connected() as connection:
            written = await write_anchor(connection, self.anchor_folder / list_name(day, run_id))
        return RunResult(outcome=RunOutcome.CLEAN, cases=written.cases, digest=written.digest)

    def _prune(self, run_id: int) -> None:
        """Delete old lists, after a clean run. What cannot be deleted stays until the next night."""
        try:
            names = [path.name for path in self.anchor_folder.iterdir()]
            for name in lists_to_delete(self.ctx.policy.nightly, names, run_id):
                (self.anchor_folder / name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("old lists of anchors are not deleted: %s", type(error).__name__)

    async def _rest(self, worked_seconds: float) -> None:
        """Leave the machine to others for a while: after every batch, and longer while requests and answers come."""
        rules = self.ctx.policy.nightly
        await asyncio.sleep(worked_seconds * rules.rest_ratio)
        for _ in range(ceil(rules.busy_wait_seconds / BUSY_CHECK_SECONDS)):
            if not await self._is_busy():
                return
            await asyncio.sleep(BUSY_CHECK_SECONDS)

    async def _is_busy(self) -> bool:
        rules = self.ctx.policy.background_priority
        longest = timedelta(seconds=self.ctx.policy.nightly.busy_wait_seconds)
        async with self.ctx.pool.acquire() as connection:
            return (await read_deferral(connection, rules.quiet(), longest, longest)).is_on

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        connection = await connections.connect(self.dsn, "goldenhour nightly", command_timeout=STATEMENT_SECONDS)
        try:
            await integrity.use_one_core(connection)
            yield connection
        finally:
            await connection.close()


def _snapshot(connection: Connection) -> asyncpg.transaction.Transaction:
    return connection.transaction(isolation="repeatable_read", readonly=True)
