"""Brake on automatic releases: above the policy's number or sum in an hour they wait for a supervisor."""

from activities.context import Context
from activities.recovery.hold_transaction import HoldTransaction, hold_transaction
from db.recovery import release_brakes
from domain.errors.holds import BrakedReleasesDiffer, NoReleaseWaits
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.recovery.release_brake import ContinueReleases, ReleaseBrakeView, ReleasesContinued
from schemas.tasks import NewTask, TaskCause, TaskFacts


async def is_braked(work: HoldTransaction, paise: int) -> bool:
    """Return whether a release that the engine is about to order has to wait; count it if not.

    The first that waits opens a work item for the supervisor.
    """
    rules, factor = work.ctx.policy.automatic_release, work.ctx.procedure_clock_factor
    counted = await release_brakes.count(
        work.connection,
        work.hold.hold_id,
        paise,
        work.now,
        releases_max=rules.releases_max,
        paise_max=rules.paise_max,
        window=rules.window(factor),
        valid=rules.continued_valid(factor),
    )
    if counted.waits_newly:
        await work.log(EventKind.HOLD_RELEASE_WAITS, paise=paise)
    if counted.begun:
        facts = TaskFacts(releases=counted.releases, released_paise=counted.released_paise, waiting_paise=paise)
        task = NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.RELEASES_BRAKED, subject=work.subject, facts=facts)
        await work.ask(task, institution=work.hold.institution)
    return counted.braked


async def read_brake(ctx: Context) -> ReleaseBrakeView:
    """Return the releases that wait, and the limits."""
    rules = ctx.policy.automatic_release
    async with ctx.pool.acquire() as connection:
        waiting = await release_brakes.waiting(connection)
    return ReleaseBrakeView(waiting=waiting, releases_max=rules.releases_max, paise_max=rules.paise_max)


async def continue_releases(ctx: Context, seen: ContinueReleases, by: str) -> ReleasesContinued:
    """Continue the releases that wait. The due list orders them soon, and none of them counts again.

    Raises `NoReleaseWaits`, and `BrakedReleasesDiffer` if more wait than the supervisor saw.
    """
    async with ctx.pool.acquire() as connection:
        found = await release_brakes.waiting(connection)
    if found is None or found.brake_id != seen.brake_id:
        raise NoReleaseWaits(seen.brake_id)
    async with hold_transaction(ctx, found.first_hold_id, by) as work:
        await release_brakes.lock(work.connection)
        waiting = await release_brakes.waiting(work.connection)
        if waiting is None or waiting.brake_id != seen.brake_id:
            raise NoReleaseWaits(seen.brake_id)
        if waiting.releases > seen.releases or waiting.paise > seen.paise:
            raise BrakedReleasesDiffer(waiting.releases, waiting.paise)
        await release_brakes.continue_all(work.connection, waiting.brake_id, by, seen.reason, work.now)
        done = ReleasesContinued(brake_id=waiting.brake_id, releases=waiting.releases, paise=waiting.paise)
        await work.log(EventKind.RELEASES_CONTINUED, releases=waiting.releases, paise=waiting.paise, reason=seen.reason)
        await work.close_tasks(work.subject, [TaskCause.RELEASES_BRAKED], "a supervisor continued them")
    return done
