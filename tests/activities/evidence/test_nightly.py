"""Nightly runs on a database of their own: their results, their work items, and who does them."""

import asyncio
import gzip
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from activities.banks.bodies import BodyOpener
from activities.case.intake import take_complaint
from activities.context import Context
from activities.evidence.nightly import NightlyRuns, list_text
from activities.reporting.wall import AlertGauges
from activities.work_items.task_owners import close_task
from db.evidence import integrity
from db.rate_limits import try_to_lock
from db.reporting import wall
from db.reporting.wall import AlertFigures
from db.work_items import task_views
from db.work_items.task_filters import Wanted
from domain.evidence_binding import check_anchor
from schemas.nightly_runs import NightlyWork, RunOutcome, RunResult
from tests.activities.bench import Bench
from tests.factories import complaint, make_context, rrn
from tests.kept_database import Kept

NIGHT = datetime(2026, 11, 27, 20, 31, tzinfo=UTC)
"""a minute after both runs are due"""
DAY = timedelta(days=1)


class Night:
    """An engine whose clock the test sets, and its nightly runs."""

    def __init__(self, ctx: Context, kept: Kept, folder: Path) -> None:
        self.now = NIGHT
        self.admin = kept.admin
        """a connection on which no trigger is heeded"""
        pace = ctx.policy.nightly.model_copy(update={"rest_ratio": 0, "busy_wait_seconds": 0})
        policy = ctx.policy.model_copy(update={"nightly": pace})
        self.ctx = replace(ctx, policy=policy, clock=lambda: self.now)
        self.runs = NightlyRuns(self.ctx, kept.dsn, folder)

    async def outcomes(self, after: timedelta = DAY) -> list[tuple[NightlyWork, RunOutcome | None]]:
        """Return how the runs of this night ended; the next night comes after it."""
        ended = await self.runs.run_due()
        self.now += after
        return [(run.work, run.outcome) for run in ended]

    async def tasks(self) -> list[Any]:
        async with self.ctx.pool.acquire() as connection:
            wanted = Wanted()
            page = await task_views.page(connection, wanted, None, 10, self.ctx.policy.bank_holidays, self.now)
        return [task for task in page.items if task.subject.kind == "nightly_run"]

    async def figures(self) -> AlertFigures:
        async with self.ctx.pool.acquire() as connection:
            return await wall.read(connection, self.now)


@pytest.fixture
async def night(kept: Kept, tmp_path: Path) -> Night:
    return Night(await make_context(kept.pool), kept, tmp_path / "anchors")


async def open_case(ctx: Context) -> str:
    taken = await take_complaint(ctx, complaint(), idempotency_key=rrn(), taken_by="officer")
    return taken.receipt.case_ack_no


async def test_both_runs_of_a_night_are_done_once_and_their_results_kept(night: Night) -> None:
    first, second = await open_case(night.ctx), await open_case(night.ctx)
    assert await night.outcomes(after=timedelta(hours=1)) == [
        (NightlyWork.ANCHOR, RunOutcome.CLEAN),
        (NightlyWork.VERIFY, RunOutcome.CLEAN),
    ]
    assert await night.outcomes() == [], "once a night"
    async with night.ctx.pool.acquire() as connection:
        verified, anchored = await integrity.last(connection, 10)
    assert (verified.cases, anchored.cases) == (2, 2)
    (file,) = night.runs.anchor_folder.iterdir()
    assert file.suffix == ".gz"
    listed = gzip.decompress(file.read_bytes())
    assert list_text(file.read_bytes(), 10**6) == list_text(listed, 10**6) == listed.decode()
    assert anchored.digest == hashlib.sha256(listed).hexdigest()
    assert [line.split()[0] for line in listed.decode().splitlines()] == sorted([first, second])
    async with night.ctx.pool.acquire() as connection:
        hashes = await connection.fetch("SELECT hash FROM case_event WHERE case_no = $1 ORDER BY seq", first)
    assert check_anchor(listed.decode(), first, [row["hash"] for row in hashes]) == len(hashes)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_m9_a_violation_is_one_work_item_until_a_later_run_is_clean(night: Night) -> None:
    case_no = await open_case(night.ctx)
    await night.admin.execute("UPDATE ledger_balance SET balance_paise = balance_paise + 5 WHERE bucket = 'in_play'")
    for _ in range(2):
        assert (NightlyWork.VERIFY, RunOutcome.BROKEN) in await night.outcomes()
    (task,) = await night.tasks()
    assert (task.kind, task.case_ack_no, task.institution) == ("supervise", None, None)
    assert f"2 violated rules, the first in case {case_no}" in task.note
    found = {one.work: one for one in (await night.figures()).nightly}
    assert (found[NightlyWork.VERIFY].is_failing, found[NightlyWork.ANCHOR].is_failing) == (True, False)
    await night.admin.execute("UPDATE ledger_balance SET balance_paise = balance_paise - 5 WHERE bucket = 'in_play'")
    assert (NightlyWork.VERIFY, RunOutcome.CLEAN) in await night.outcomes()
    assert await night.tasks() == []
    assert not any(one.is_failing for one in (await night.figures()).nightly)


async def test_a_violation_that_is_found_after_an_error_is_told(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise OSError

    await open_case(night.ctx)

    async def fails() -> None:
        with monkeypatch.context() as patched:
            patched.setattr("activities.evidence.nightly.strays", away)
            assert (NightlyWork.VERIFY, RunOutcome.FAILED) in await night.outcomes()

    await fails()
    (task,) = await night.tasks()
    assert task.cause == "nightly_run_failed"
    await night.admin.execute("UPDATE ledger_balance SET balance_paise = balance_paise + 5 WHERE bucket = 'in_play'")
    assert (NightlyWork.VERIFY, RunOutcome.BROKEN) in await night.outcomes()
    (task,) = await night.tasks()
    assert (task.cause, "violated rules" in task.note) == ("nightly_run_broken", True)
    await fails()
    (still,) = await night.tasks()
    assert still == task, "an error after it does not hide the violation"


async def test_a_key_that_was_changed_so_that_it_opens_nothing_is_a_violation(night: Night) -> None:
    bench = Bench(night.ctx)
    case_no = await bench.complain()
    await bench.ask(case_no)
    assert (NightlyWork.VERIFY, RunOutcome.CLEAN) in await night.outcomes()
    async with night.ctx.pool.acquire() as connection:
        await connection.execute("UPDATE person_key SET wrapped = set_byte(wrapped, 9, get_byte(wrapped, 9) # 1)")
    assert (NightlyWork.VERIFY, RunOutcome.BROKEN) in await night.outcomes()
    async with night.ctx.pool.acquire() as connection:
        run, _ = await integrity.last(connection, 2)
    assert (run.violations, run.first_case, run.unopened) == (2, case_no, 3), "of the case, and of its victim"
    (task,) = await night.tasks()
    assert f"2 violated rules, the first in case {case_no}" in task.note


async def test_a_victims_key_that_was_changed_or_destroyed_is_a_violation(night: Night) -> None:
    first, second = await open_case(night.ctx), await open_case(night.ctx)
    of_case = "(SELECT v.person_id FROM complaint c JOIN victim v USING (victim_id) WHERE c.case_no = {})"
    wrapped = f"SELECT wrapped FROM person_key WHERE person_id = {of_case.format('$1')}"
    own, other = await night.admin.fetchval(wrapped, first), await night.admin.fetchval(wrapped, second)
    change = f"UPDATE person_key SET wrapped = $2 WHERE person_id = {of_case.format('$1')}"
    assert (NightlyWork.VERIFY, RunOutcome.CLEAN) in await night.outcomes()
    await night.admin.execute(change, first, other)
    assert (NightlyWork.VERIFY, RunOutcome.BROKEN) in await night.outcomes()
    await night.admin.execute(change, first, own)
    assert (NightlyWork.VERIFY, RunOutcome.CLEAN) in await night.outcomes()
    await night.admin.execute(
        "UPDATE person_key SET wrapped = NULL, destroyed_at = made_at, destroyed_for = 'nothing_held'"
        f" WHERE person_id = {of_case.format('$1')}",
        second,
    )
    assert (NightlyWork.VERIFY, RunOutcome.BROKEN) in await night.outcomes()
    async with night.ctx.pool.acquire() as connection:
        run, _ = await integrity.last(connection, 2)
    assert (run.violations, run.first_case) == (1, second)


async def test_a_run_without_the_secret_key_fails(night: Night) -> None:
    keyless = replace(night.runs, ctx=replace(night.ctx, person_keys=None))
    run = await keyless.run(NightlyWork.VERIFY)
    assert run is not None
    assert (run.outcome, run.failure) == (RunOutcome.FAILED, "NoPersonKeys")


async def test_without_a_clean_run_the_time_counts_since_the_database_was_made(night: Night) -> None:
    changes = night.admin.transaction()
    await changes.start()
    await night.admin.execute("UPDATE schema_migration SET applied_at = $1", NIGHT - timedelta(hours=1))
    found = await integrity.standings(night.admin, NIGHT)
    await changes.rollback()
    assert [(one.since_clean_seconds, one.is_failing) for one in found] == [(3600, False)] * len(NightlyWork)


async def test_a_clean_anchor_deletes_old_lists_and_no_other_file(night: Night) -> None:
    folder = night.runs.anchor_folder
    folder.mkdir()
    old = [folder / f"anchor-2025-0{month}-{day:02}-{month}{day:02}.txt.gz" for month in (3, 4) for day in range(1, 29)]
    for file in [*old, folder / "notes.txt"]:
        file.write_text("")
    keep_days = night.ctx.policy.nightly.keep_anchor_days
    await night.runs.run(NightlyWork.VERIFY)
    assert all(file.exists() for file in old), "only a new list lets an old one go"
    run = await night.runs.run(NightlyWork.ANCHOR)
    assert run is not None
    kept = [file for file in old if file.exists()]
    assert kept == [old[0], *old[-(keep_days - 1) :]]
    assert (folder / "notes.txt").exists()
    assert (folder / f"anchor-2026-11-28-{run.run_id}.txt.gz").exists()
    old[0].unlink()
    old[0].mkdir()
    (folder / "anchor-2025-03-00-1.txt.gz").write_text("")
    again = await night.runs.run(NightlyWork.ANCHOR)
    assert (again is not None and again.outcome, old[0].exists()) == (RunOutcome.CLEAN, True)


async def test_a_work_item_that_the_supervisor_closed_comes_again_with_the_next_failure(night: Night) -> None:
    night.runs.anchor_folder.write_text("a file where the folder should be")
    for _ in range(2):
        assert (NightlyWork.ANCHOR, RunOutcome.FAILED) in await night.outcomes()
        (task,) = await night.tasks()
        assert "last hash of every log ended with an error (FileExistsError)" in task.note
        await close_task(night.ctx, task.task_id, "the disk is being replaced", "officer:chief")
    night.runs.anchor_folder.unlink()
    assert (NightlyWork.ANCHOR, RunOutcome.CLEAN) in await night.outcomes()


async def test_of_several_processes_one_works(night: Night) -> None:
    other = replace(night.runs)
    ended = await asyncio.gather(night.runs.run_due(), other.run_due())
    assert sorted(len(runs) for runs in ended) == [0, 2]
    night.now += DAY
    async with night.ctx.pool.acquire() as connection:
        assert await try_to_lock(connection, integrity.RUN_LOCK)
        assert await night.runs.run_due() == []
    assert len(await night.runs.run_due()) == 2


async def test_a_run_whose_process_died_is_interrupted_and_done_again(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise asyncio.CancelledError

    await open_case(night.ctx)
    with monkeypatch.context() as patched:
        patched.setattr("activities.evidence.nightly.strays", killed)
        with pytest.raises(asyncio.CancelledError):
            await night.runs.run(NightlyWork.VERIFY)
    assert (await night.figures()).nightly[1].is_failing is False
    assert await night.outcomes(timedelta(hours=1)) == [(NightlyWork.ANCHOR, RunOutcome.CLEAN)], "a pause comes first"
    assert await night.outcomes() == [(NightlyWork.VERIFY, RunOutcome.CLEAN)]
    async with night.ctx.pool.acquire() as connection:
        runs = await integrity.last(connection, 10)
    assert [run.outcome for run in runs if run.work is NightlyWork.VERIFY] == ["clean", "interrupted"]


async def test_a_run_that_another_process_took_over_writes_nothing(night: Night) -> None:
    async with night.ctx.pool.acquire() as connection:
        slow = await integrity.begin(connection, NightlyWork.ANCHOR, NIGHT)
        assert await night.runs.run(NightlyWork.ANCHOR) is not None
        assert await integrity.end(connection, slow, RunResult(outcome=RunOutcome.FAILED, failure="X"), NIGHT) is None


async def test_batches_have_few_cases_with_long_logs(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = sorted([await open_case(night.ctx) for _ in range(3)])
    async with night.ctx.pool.acquire() as connection, connection.transaction():
        assert [one.case_no for one in await integrity.case_batch(connection, BodyOpener(None), "")] == cases
        monkeypatch.setattr(integrity, "EVENTS_AT_ONCE", 1)
        batch = await integrity.case_batch(connection, BodyOpener(None), "")
        assert [one.case_no for one in batch] == cases[:1], "one case is taken, however long its log"
        assert [one.case_no async for one in integrity.case_records(connection, BodyOpener(None))] == cases


@pytest.mark.parametrize(
    "columns",
    [
        "outcome = 'clean'",
        "ended_at = now(), outcome = 'broken', cases = 1",
        "ended_at = now(), outcome = 'failed'",
        "ended_at = now(), outcome = 'clean', cases = 1",
        "ended_at = now(), outcome = 'interrupted', digest = repeat('a', 64)",
        "ended_at = '2020-01-01', outcome = 'interrupted'",
        "ended_at = now(), outcome = 'failed', failure = 'X', unopened = 1",
    ],
)
async def test_the_database_refuses_a_result_that_lacks_something(night: Night, columns: str) -> None:
    async with night.ctx.pool.acquire() as connection:
        await integrity.begin(connection, NightlyWork.ANCHOR, NIGHT)
        with pytest.raises(asyncpg.CheckViolationError, match="nightly_run_"):
            await connection.execute(f"UPDATE nightly_run SET {columns}")


async def test_a_result_never_changes(night: Night) -> None:
    await night.runs.run(NightlyWork.ANCHOR)
    async with night.ctx.pool.acquire() as connection:
        for statement in ("UPDATE nightly_run SET cases = 9", "DELETE FROM nightly_run", "TRUNCATE nightly_run"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)


async def test_the_gauges_say_what_was_read(night: Night) -> None:
    await night.outcomes()
    registry = CollectorRegistry()
    AlertGauges(registry).show(await night.figures())
    assert registry.get_sample_value("goldenhour_nightly_failing", {"work": "verify"}) == 0
    assert registry.get_sample_value("goldenhour_storage", {"state": "ok"}) == 1
    assert registry.get_sample_value("goldenhour_storage", {"state": "full"}) == 0
    assert registry.get_sample_value("goldenhour_requests_waiting", {"state": "unsent"}) == 0
    assert registry.get_sample_value("goldenhour_duties_open", {"duty": "magistrate_report", "state": "overdue"}) == 0
    assert (registry.get_sample_value("goldenhour_database_bytes") or 0) > 1_000_000
