"""`goldenhour nightly`: what the nights found, for people and programs."""

import json
from pathlib import Path

from activities.evidence.nightly import NightlyRuns
from db.evidence import integrity
from db.pool import Pool
from schemas.nightly_runs import NightlyWork, RunOutcome, RunResult
from tests.factories import make_context
from tests.workers.command_line import invoke, with_database


async def test_people_see_each_run_and_programs_too(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    ctx, settings = await make_context(database), with_database(database_dsn)
    empty = await invoke("nightly", **settings)
    assert (empty.exit_code, "0 nightly runs" in empty.stdout) == (0, True)
    runs = NightlyRuns(ctx, database_dsn, tmp_path)
    anchored, verified = await runs.run(NightlyWork.ANCHOR), await runs.run(NightlyWork.VERIFY)
    assert anchored is not None
    assert verified is not None
    told = await invoke("nightly", "--json", "-", **settings)
    assert told.exit_code == 0, told.output
    assert [(one["work"], one["outcome"]) for one in json.loads(told.stdout)] == [
        ("verify", "clean"),
        ("anchor", "clean"),
    ]
    shown = await invoke("nightly", **settings)
    assert f"anchor  clean  0 cases  SHA-256 {anchored.digest}\n" in shown.stdout
    one = await invoke("nightly", "--limit", "1", "--json", "-", **settings)
    assert [run["run_id"] for run in json.loads(one.stdout)] == [verified.run_id]


async def test_the_exit_code_says_whether_a_night_failed(database: Pool, database_dsn: str) -> None:
    settings, now = with_database(database_dsn), (await make_context(database)).now()
    broken = RunResult(outcome=RunOutcome.BROKEN, cases=9, violations=2, first_case="20112400000001")
    async with database.acquire() as connection:
        await integrity.end(connection, await integrity.begin(connection, NightlyWork.VERIFY, now), broken, now)
    told = await invoke("nightly", **settings)
    assert told.exit_code == 1
    assert "verify  broken  9 cases  2 violations, the first in case 20112400000001\n" in told.stdout
    async with database.acquire() as connection:
        await integrity.begin(connection, NightlyWork.VERIFY, now)
    assert (await invoke("nightly", **settings)).exit_code == 0, "the next is under way"
