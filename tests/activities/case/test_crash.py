"""A process is killed in the middle of its work: what was acknowledged is there, what was not is whole or absent."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from activities.case.answers import take_status_update
from db.pool import Pool
from tests.activities.bench import Bench
from tests.activities.hammer import LINES, SESSION_NAME, a_complaint, an_answer
from tests.factories import make_context
from tests.paths import ROOT
from tests.waiting import until

ROUNDS = 3
PROMISES_BEFORE_THE_KILL = 40
NONE_AT_WORK = "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
KILLED = ["ended", str(-signal.SIGKILL)]


@asynccontextmanager
async def hammers(dsn: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the process that forks a hammer for each seed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.activities.hammer", dsn),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        # With the hammer that it may have.
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def killed_after(process: asyncio.subprocess.Process, seed: int, promises: int) -> list[list[str]]:
    """Start a hammer, kill it without warning after so many promises, and return all it made."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{seed}\n".encode())
    said: list[list[str]] = []
    pid = 0
    async with asyncio.timeout(60):
        while not said or said[-1][0] != "ended":
            line = await process.stdout.readline()
            assert line, "the process broke"
            words = line.decode().split()
            if words[0] == "began":
                pid = int(words[1])
                continue
            said.append(words)
            if pid and len(said) >= promises:
                os.kill(pid, signal.SIGKILL)
                pid = 0
    assert said.pop() == KILLED, "the hammer broke before it was killed"
    return said


@pytest.mark.world
async def test_what_was_acknowledged_outlives_the_process_and_everything_is_whole(
    database_dsn: str, database: Pool
) -> None:
    bench = Bench(await make_context(database))
    promises: list[list[str]] = []
    async with hammers(database_dsn) as process:
        for seed in range(ROUNDS):
            promises += await killed_after(process, seed, PROMISES_BEFORE_THE_KILL + seed * 7)
    # PostgreSQL may still commit what the killed process sent last.
    await until(lambda: bench.value(NONE_AT_WORK, SESSION_NAME))
    complaints = [words[1:] for words in promises if words[0] == "complaint"]
    answered = [words[1] for words in promises if words[0] == "answer"]
    assert min(len(complaints), len(answered)) >= ROUNDS * PROMISES_BEFORE_THE_KILL / 3

    kept = dict(await bench.rows("SELECT idempotency_key, ack_no FROM complaint"))
    for key, ack_no, reference in complaints:
        assert kept[key] == ack_no
        assert (await bench.hops(ack_no, "reference"))[0] == reference
    for ack_no in answered:
        assert await bench.buckets(ack_no) == {
            "lost": -1000_00,
            "held": 400_00,
            "withdrawn": 100_00,
            "in_play": 500_00,
        }
    for (case_no,) in await bench.rows("SELECT case_no FROM case_file"):
        await bench.check(case_no)
    untold = await bench.value("SELECT count(*) FROM case_file WHERE workflow_started_at IS NULL AND state = 'open'")
    assert untold == len(kept), "the sweep will start every one of them"
    await say_it_again(bench)


async def say_it_again(bench: Bench) -> None:
    """Say all of it once more, and get the same answers: a caller does not know whether the killed process heard it."""
    taken = await bench.rows(
        "SELECT c.idempotency_key, c.ack_no, h.reference, u.update_id IS NOT NULL"
        " FROM complaint c JOIN hop h ON h.case_no = c.case_no AND h.hop_no = 1"
        " LEFT JOIN status_update u ON u.case_no = c.case_no ORDER BY c.ack_no DESC"
    )
    # The newest are those in whose midst the last process was killed.
    for key, ack_no, reference, answered in taken[:PROMISES_BEFORE_THE_KILL]:
        again = await bench.take(a_complaint(reference), key=key)
        assert (again.repeated, again.receipt.ack_no) == (True, ack_no)
        receipt = await take_status_update(bench.ctx, "HDFC", *an_answer(ack_no, reference))
        assert (receipt.repeated, receipt.accepted) == (answered, LINES)
        await bench.check(ack_no)
    assert await bench.value("SELECT count(*) FROM complaint") == len(taken)
    [(lines, updates, cases)] = await bench.rows(
        "SELECT count(*), count(DISTINCT update_id), count(DISTINCT case_no) FROM answer"
    )
    assert (lines, updates) == (cases * LINES, cases), "each answer is there once, and whole"
