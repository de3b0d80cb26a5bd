"""A process is killed in the middle of its work: what was acknowledged is there, what was not is whole or absent."""

import asyncio
import sys

from activities.tracing.answers import take_status_update
from db.pool import Pool
from tests.activities.bench import Bench
from tests.activities.hammer import LINES, a_complaint, an_answer
from tests.factories import make_context
from tests.paths import ROOT

ROUNDS = 3
PROMISES_BEFORE_THE_KILL = 40


async def killed_after(dsn: str, seed: int, promises: int) -> list[list[str]]:
    """Start a hammer, kill it without warning after so many promises, and return all it made."""
    hammer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.activities.hammer", dsn, str(seed)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert hammer.stdout is not None
    lines: list[bytes] = []
    try:
        async with asyncio.timeout(60):
            while len(lines) < promises:
                line = await hammer.stdout.readline()
                assert line, "the hammer broke before it was killed"
                lines.append(line)
    finally:
        hammer.kill()
    lines += (await hammer.stdout.read()).splitlines(keepends=True)
    assert await hammer.wait() == -9
    return [line.decode().split() for line in lines if line.endswith(b"\n")]


async def test_what_was_acknowledged_outlives_the_process_and_everything_is_whole(
    database_dsn: str, database: Pool
) -> None:
    bench = Bench(await make_context(database))
    promises: list[list[str]] = []
    for seed in range(ROUNDS):
        promises += await killed_after(database_dsn, seed, PROMISES_BEFORE_THE_KILL + seed * 7)
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


async def test_whoever_says_it_again_after_the_kill_gets_the_same_answer(database_dsn: str, database: Pool) -> None:
    """A caller does not know whether the killed process had heard it."""
    bench = Bench(await make_context(database))
    await killed_after(database_dsn, 99, PROMISES_BEFORE_THE_KILL)
    taken = await bench.rows(
        "SELECT c.idempotency_key, c.ack_no, h.reference, u.update_id IS NOT NULL"
        " FROM complaint c JOIN hop h ON h.case_no = c.case_no AND h.hop_no = 1"
        " LEFT JOIN status_update u ON u.case_no = c.case_no"
    )
    for key, ack_no, reference, answered in taken:
        again = await bench.take(a_complaint(reference), key=key)
        assert (again.repeated, again.receipt.ack_no) == (True, ack_no)
        receipt = await take_status_update(bench.ctx, "HDFC", *an_answer(ack_no, reference))
        assert (receipt.repeated, receipt.accepted) == (answered, LINES)
        await bench.check(ack_no)
    assert await bench.value("SELECT count(*) FROM complaint") == len(taken)
    assert await bench.value("SELECT count(*) FROM answer") == len(taken) * LINES
