"""Brake on automatic releases: a jumping clock releases so many and no more, until a supervisor continues them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from activities.context import Context
from activities.database_figures import read_all
from activities.metrics import METRICS
from activities.recovery.assignments import DueList
from activities.recovery.hold_releases import continue_releases, read_brake
from db.case.case_outbox import read_deferral
from db.pool import Pool
from db.recovery import due_documents
from domain.errors.recovery import BrakedReleasesDiffer, NoReleaseWaits
from domain.policy.model import load_policy
from schemas.recovery.holds import ContinueReleases, ReleaseBrake, ReleasesContinued
from tests.activities.hold_world import Holds
from tests.factories import make_context

NOW = timedelta(0)
JUMP = timedelta(days=100)
LIMIT = 3
SUPERVISOR = "officer:chief"


class Braked(Holds):
    """Holds of ₹600 each, of which the engine may release a few in an hour."""

    async def holds(self, count: int, rupees: int = 600) -> list[UUID]:
        found = [(await self.hold(rupees))[1] for _ in range(count)]
        await self.attend()
        return found

    async def attend(self) -> None:
        """Do what the due list finds, in the order in which it finds it."""
        for _ in range(5):
            async with self.ctx.pool.acquire() as connection:
                deferral = await read_deferral(connection, NOW, NOW, NOW)
                found = await due_documents.due_cases(connection, deferral, [], 1000)
            if not found:
                return
            for one in found:
                await DueList(self.ctx).attend(one.case_no, wait=True)

    async def jump(self, by: timedelta = JUMP) -> None:
        self.clock.at += by
        await self.attend()

    async def lapsed(self) -> int:
        count: int = await self.bench.value("SELECT count(*) FROM bank_order WHERE reason = 'lapsed'")
        return count

    async def waiting(self) -> ReleaseBrake:
        found = (await read_brake(self.ctx)).waiting
        assert found is not None, "nothing waits"
        return found

    async def proceed(self, **changes: Any) -> ReleasesContinued:
        """The supervisor continues what waits, with the figures that the supervisor saw."""
        seen = (await self.waiting()).model_dump(include={"brake_id", "releases", "paise"}) | changes
        new = ContinueReleases.model_validate(seen | {"reason": "the clocks are right"})
        return await continue_releases(self.ctx, new, SUPERVISOR)

    async def items(self) -> list[tuple[Any, ...]]:
        return await self.bench.rows(
            "SELECT kind, state, facts FROM desk_task WHERE cause = 'releases_braked' ORDER BY task_id"
        )


def limited(ctx: Context, **changes: Any) -> Context:
    """Return the context under these limits."""
    rules = load_policy().automatic_release.model_copy(update={"releases_max": LIMIT} | changes)
    return replace(ctx, policy=ctx.policy.model_copy(update={"automatic_release": rules}))


@pytest.fixture
async def ctx(database: Pool) -> Context:
    """A database of its own, because all releases count together."""
    return limited(await make_context(database))


@pytest.fixture
def braked(ctx: Context) -> Braked:
    return Braked(ctx)


async def test_h9_a_clock_that_jumps_three_months_releases_so_many_and_no_more(braked: Braked) -> None:
    await braked.holds(LIMIT + 3)
    await braked.jump()
    assert await braked.lapsed() == LIMIT
    for _ in range(5):
        await braked.jump(timedelta(hours=2))
    assert await braked.lapsed() == LIMIT, "it waits for a person and not for time"
    waiting = await braked.waiting()
    assert (waiting.releases, waiting.paise, len(waiting.largest)) == (3, 3 * 600_00, 3)


async def test_h9_one_work_item_states_the_sums(braked: Braked) -> None:
    await braked.holds(LIMIT + 2)
    await braked.jump()
    facts = {"releases": LIMIT, "released_paise": LIMIT * 600_00, "waiting_paise": 600_00}
    assert await braked.items() == [("supervise", "open", facts)]
    async with braked.ctx.pool.acquire() as connection:
        await read_all(connection)
    assert METRICS.registry.get_sample_value("goldenhour_braked_releases") == 2
    assert METRICS.registry.get_sample_value("goldenhour_braked_releases_paise") == 2 * 600_00


async def test_h9_what_a_supervisor_continues_is_released_and_counts_no_more(braked: Braked) -> None:
    await braked.holds(LIMIT + 4)
    await braked.jump()
    done = await braked.proceed()
    assert (done.releases, done.paise) == (4, 4 * 600_00)
    await braked.attend()
    assert await braked.lapsed() == LIMIT + 4
    assert (await read_brake(braked.ctx)).waiting is None
    assert [state for _, state, _ in await braked.items()] == ["closed"]
    who = await braked.bench.rows("SELECT continued_by, reason FROM release_brake")
    assert who == [(SUPERVISOR, "the clocks are right")]
    later = await braked.holds(LIMIT + 1)
    await braked.jump()
    assert len(later) - (await braked.waiting()).releases == LIMIT, "the count begins again"


async def test_h9_nothing_is_continued_that_the_supervisor_did_not_see(braked: Braked) -> None:
    await braked.holds(LIMIT + 2)
    await braked.jump()
    for changes in ({"releases": 1}, {"paise": 2 * 600_00 - 1}):
        with pytest.raises(BrakedReleasesDiffer):
            await braked.proceed(**changes)
    with pytest.raises(NoReleaseWaits):
        await braked.proceed(brake_id=999)
    await braked.attend()
    assert await braked.lapsed() == LIMIT
    await braked.proceed()
    with pytest.raises(AssertionError, match="nothing waits"):
        await braked.waiting()


async def test_h9_a_sum_above_the_limit_waits_alone(database: Pool) -> None:
    braked = Braked(limited(await make_context(database), paise_max=1000_00, releases_max=100))
    await braked.holds(1, rupees=1200)
    await braked.jump()
    assert await braked.lapsed() == 0
    assert (await braked.waiting()).paise == 1200_00


async def test_h9_what_lapses_hour_by_hour_never_waits(braked: Braked) -> None:
    await braked.holds(2 * LIMIT)
    cases = [case for (case,) in await braked.bench.rows("SELECT case_no FROM account_hold")]
    braked.clock.at += JUMP
    for begin in (0, LIMIT):
        for case_no in cases[begin : begin + LIMIT]:
            await DueList(braked.ctx).attend(case_no, wait=True)
        braked.clock.at += timedelta(hours=1, seconds=1)
    assert await braked.lapsed() == 2 * LIMIT
    assert await braked.items() == []


async def test_h9_a_simulated_hour_is_as_short_as_every_other_wait(database: Pool) -> None:
    braked = Braked(replace(limited(await make_context(database)), procedure_clock_factor=3600.0))
    await braked.holds(2 * LIMIT)
    cases = [case for (case,) in await braked.bench.rows("SELECT case_no FROM account_hold")]
    braked.clock.at += JUMP
    for number, case_no in enumerate(cases, 1):
        await DueList(braked.ctx).attend(case_no, wait=True)
        braked.clock.at += timedelta(seconds=2 * (number % LIMIT == 0))
    assert await braked.lapsed() == 2 * LIMIT


async def test_h9_holders_are_told_of_their_hold_and_warned_while_releases_wait(braked: Braked) -> None:
    first = await braked.holds(LIMIT + 1)
    case_no, _ = await braked.hold(700)
    later = "UPDATE held_hop SET held_at = held_at + interval '70 days' WHERE case_no = $1"
    await braked.bench.pool.execute(later, case_no)
    await braked.jump()
    waiting = {one.hold_id for one in (await braked.waiting()).largest}
    assert waiting < set(first)
    await braked.jump(timedelta(days=31))
    log = await braked.bench.events(case_no)
    assert log.count("hold_warned") == 1
    (told,) = waiting
    of_waiting = await braked.bench.value("SELECT case_no FROM account_hold WHERE hold_id = $1", told)
    assert await braked.messages(of_waiting, "hold_lapsed") == []
    assert (await braked.bench.events(of_waiting)).count("hold_release_waits") == 1


async def test_h9_releases_that_wait_are_not_tried_every_minute(braked: Braked) -> None:
    await braked.holds(LIMIT + 1)
    await braked.jump()
    ((due_at,),) = await braked.bench.rows(
        "SELECT p.due_at FROM braked_release w JOIN procedure p ON p.workflow_id = 'hold-' || w.hold_id"
    )
    assert due_at == braked.clock.at + timedelta(hours=1)


async def test_h9_two_processes_together_release_no_more(braked: Braked) -> None:
    await braked.holds(3 * LIMIT)
    cases = [case for (case,) in await braked.bench.rows("SELECT case_no FROM account_hold")]
    braked.clock.at += JUMP
    attend = DueList(braked.ctx).attend
    found = await asyncio.gather(*(attend(case_no, wait=True) for case_no in cases), return_exceptions=True)
    assert {type(error) for error in found if isinstance(error, Exception)} <= {asyncpg.LockNotAvailableError}
    await braked.attend()
    assert await braked.lapsed() == LIMIT
    assert (await braked.waiting()).releases == 2 * LIMIT


async def test_h9_the_database_keeps_what_was_counted_and_who_continued_it(braked: Braked) -> None:
    await braked.holds(LIMIT + 1)
    await braked.jump()
    await braked.proceed()
    pool = braked.bench.pool
    for statement in (
        "DELETE FROM automatic_release",
        "UPDATE automatic_release SET amount_paise = 1",
        "DELETE FROM release_brake",
        "UPDATE release_brake SET continued_by = 'officer:another'",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(statement)
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "INSERT INTO release_brake (hold_id, braked_at, continued_at, continued_by, reason)"
            " SELECT hold_id, now(), now(), 'engine', 'by itself' FROM account_hold LIMIT 1"
        )
