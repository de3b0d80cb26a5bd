"""The process is killed at every commit of restorations: no rupee is ordered or paid twice, none is forgotten."""

import asyncio
import os
import signal
import sys
from collections import Counter
from itertools import pairwise

import pytest

from activities.recovery import hold_lifecycle
from db.pool import Pool
from domain.recovery.procedure import STEPS
from schemas.restoration_enums import Route
from tests.activities.restoration_bench import Home
from tests.activities.restoration_hammer import KILLED
from tests.factories import make_context, rrn
from tests.paths import ROOT


async def hammered(dsn: str) -> list[list[str]]:
    """Return what the hammer said: process after process is killed, the last restores the rest."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.activities.restoration_hammer", dsn),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        # Only against a process that never ends: dozens of processes start one after the other.
        async with asyncio.timeout(400):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            # With the process that it has just then.
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0
    return [line.split() for line in said.decode().splitlines()]


@pytest.mark.world
async def test_killed_at_every_commit_it_all_comes_home_once(database_dsn: str, database: Pool) -> None:
    home = Home(await make_context(database))
    account = f"5{rrn()}"
    case_nos = [await home.hold(held, lost, account=account) for held, lost in ((300, 100), (77, 400))]
    held = sum([(await home.bench.buckets(case_no))["held"] for case_no in case_nos])
    said = await hammered(database_dsn)
    *killed, last = [int(words[1]) for words in said if words[0] == "ended"]
    assert (set(killed), last) == ({KILLED}, 0)
    in_the_middle = Counter(at[1] for at, then in pairwise(said) if (at[0], then[0]) == ("at", "ended"))
    assert {*STEPS[Route.NO_COURT], "bond"} <= in_the_middle.keys(), "it died at each step, before it was done"
    assert in_the_middle["approval"] >= len(case_nos) * 2 + 1, "divided, made ready, approved"

    restored = 0
    for case_no in case_nos:
        await home.check(case_no)
        restored += (await home.bench.buckets(case_no)).get("restored", 0)
        assert await hold_lifecycle.open_for_new_holds(home.ctx, case_no) == 0, "no hold waits to be opened"
    assert restored == held, "what was on hold is home, to the last paisa"
    [(ordered, confirmed)] = await home.bench.rows(
        "SELECT sum(amount_paise)::bigint, sum(confirmed_paise)::bigint FROM bank_order_line"
    )
    assert (ordered, confirmed) == (held, held), "ordered once, paid once"
    doubts = await home.bench.value("SELECT count(*) FROM discrepancy")
    closings = await home.bench.rows(
        "SELECT data->>'restoration_id', count(*) FROM case_event WHERE kind = 'restoration_closed' GROUP BY 1"
    )
    assert doubts == 0
    assert {count for _, count in closings} == {1}
    assert len(closings) == await home.bench.value("SELECT count(*) FROM restoration")
