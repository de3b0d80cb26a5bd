"""The process is killed at random points of restorations: no rupee is ordered or paid twice, none is forgotten."""

import asyncio
import random
import sys

from activities import holding
from db.pool import Pool
from tests.activities.restoration_hammer import hammer, late
from tests.activities.test_crash import ROOT
from tests.activities.way_home import Home
from tests.factories import make_hands, rrn

KILLS = 4
CASES = 6


async def killed_after(dsn: str, seed: int, promises: int) -> int:
    """Start a hammer and kill it without warning after so many promises; how many it made."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.activities.restoration_hammer", dsn, str(seed)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines: list[bytes] = []
    try:
        async with asyncio.timeout(60):
            while len(lines) < promises and (line := await process.stdout.readline()):
                lines.append(line)
    finally:
        if process.returncode is None:
            process.kill()
    await process.wait()
    return len(lines)


async def test_killed_at_random_it_all_comes_home_once(database_dsn: str, database: Pool) -> None:
    home = Home(await make_hands(database))
    accounts = [f"5{rrn()}", f"5{rrn()}"]
    chance = random.Random(3)
    case_nos = [
        await home.hold(chance.randrange(50, 400), chance.randrange(0, 500), account=accounts[number % 2])
        for number in range(CASES)
    ]
    held = sum([(await home.bench.buckets(case_no))["held"] for case_no in case_nos])
    promises = [await killed_after(database_dsn, seed, chance.randrange(3, 12)) for seed in range(KILLS)]
    assert sum(promises) > KILLS * 2
    open_now = await home.bench.value("SELECT count(*) FROM restoration WHERE state = 'open'")
    assert open_now, "it was killed before it was over"

    async with asyncio.timeout(90):
        await hammer(Home(late(home.hands)), chance)
    restored = 0
    for case_no in case_nos:
        await home.check(case_no)
        restored += (await home.bench.buckets(case_no)).get("restored", 0)
        assert await holding.take_up(home.hands, case_no) == 0, "nothing waits to be taken up"
    assert restored == held, "what was on hold is home, to the last paisa"
    [(ordered, confirmed)] = await home.bench.rows(
        "SELECT sum(amount_paise)::bigint, sum(confirmed_paise)::bigint FROM bank_order_line"
    )
    assert (ordered, confirmed) == (held, held), "ordered once, paid once"
    doubts = await home.bench.value("SELECT count(*) FROM contradiction")
    closings = await home.bench.rows(
        "SELECT data->>'restoration_id', count(*) FROM case_event WHERE kind = 'restoration_closed' GROUP BY 1"
    )
    assert doubts == 0
    assert {count for _, count in closings} == {1}
    assert len(closings) == await home.bench.value("SELECT count(*) FROM restoration")
