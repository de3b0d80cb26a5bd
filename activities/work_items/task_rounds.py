"""Rounds over the owners of work items, left out while nothing has changed.

Rounds over the owners of work items: leases end, the supervisor is told, and lists get their values. Officers work in
real time, so no wait here is divided by the clock factor. Doing a round twice is harmless.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from activities.case.transaction import ENGINE, background_transaction
from activities.context import Context
from activities.isolation import FailedRows
from activities.work_items.task_owners import Item, open_item
from db import task_owners, tasks
from db.clock import present_moment
from db.databases import rows_written
from db.pool import Connection
from db.task_owners import EndedLease, Move
from db.work_items import task_views, work_item_lines
from domain.errors.case import TaskChanged, TaskClosed
from domain.work_items.task_owners import OWNERS
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.tasks import NewTask, TaskActKind, TaskCause

LONGEST: Final = timedelta(minutes=5)
"""after so long a round is done in any case"""
REPORTS: Final = ("stage_count", "stage_day")
"""tables that no round reads, and that are written every minute"""


class LastRound:
    """State of the database and of the caller at the last round of one work.

    The counters of PostgreSQL may be ten seconds late. A change then waits for the round after that.
    """

    def __init__(self) -> None:
        """Begin with a round that is due."""
        self._seen: tuple[int | None, object] = (None, None)
        self._until: datetime | None = None

    async def lasts(self, connection: Connection, now: datetime, also: object = None) -> bool:
        """Return whether the state of the last round lasts: another round would find nothing.

        No row was written since, `also` is the same, and no moment of `until` has come. If it returns False, the caller
        does a round, and says by `until` when the next one is due.
        """
        seen = (await rows_written(connection, REPORTS), also)
        if seen[0] is not None and seen == self._seen and self._until is not None and now < self._until:
            return True
        self._seen, self._until = seen, None
        return False

    def until(self, now: datetime, *moments: datetime | None) -> None:
        """Note that a round is done, and that time alone makes another one due at the first of these moments."""
        self._until = min([now + LONGEST, *(moment for moment in moments if moment is not None)])


ROUND_LIMIT: Final = 200
"""leases, alarms and closed items of one round"""
VALUES_LIMIT: Final = 1_000
PURGE_LIMIT: Final = 1_000

T = TypeVar("T")


@dataclass(frozen=True)
class TaskRounds:
    """Keeps what stands beside the work items.

    Values and closed items are left out while nothing has changed.
    """

    ctx: Context
    _forgotten: LastRound = field(default_factory=LastRound)
    _valued: LastRound = field(default_factory=LastRound)
    _failed: FailedRows[int] = field(default_factory=lambda: FailedRows("work items"))

    @property
    def works(self) -> tuple[Callable[[], Awaitable[object]], ...]:
        """Return the works of a round, in order. Each can be done without the others."""
        return self.forget_closed, self.end_leases, self.alarm, self.value

    async def run_once(self) -> None:
        """Run one round of everything."""
        for work in self.works:
            await work()

    async def forget_closed(self) -> None:
        """Delete what stands beside closed items, and old acts. Close the alarms about closed items."""
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            if await self._forgotten.lasts(connection, now):
                return
            closed = await task_owners.of_closed(connection, ROUND_LIMIT)
            await task_owners.forget(connection, [task_id for task_id, _, is_alarmed in closed if not is_alarmed])
            before = now - timedelta(seconds=self.ctx.policy.work_items.keep_acts_seconds)
            await task_owners.purge_acts(connection, before, PURGE_LIMIT)
            await task_views.forget_closed(connection, VALUES_LIMIT)
        for task_id, case_no, is_alarmed in closed:
            if is_alarmed:
                await self._attempt(task_id, partial(self._end_alarm, task_id, case_no))
        if not closed:
            self._forgotten.until(now)

    async def end_leases(self) -> int:
        """Renew the leases of owners who acted in their cases, and end those that are over; return how many ended.

        An officer who is disabled, absent or without a role loses every item.
        """
        async with self.ctx.pool.acquire() as connection:
            await task_owners.renew_acting(connection, timedelta(seconds=self.ctx.policy.work_items.lease_seconds))
            ended = await task_owners.ended(connection, self.ctx.now(), OWNERS, ROUND_LIMIT)
        for lease in ended:
            await self._attempt(lease.task_id, partial(self._end, lease))
        return len(ended)

    async def alarm(self) -> int:
        """Tell the supervisor of items that have no owner for longer than the policy says; return of how many."""
        rules = self.ctx.policy.work_items
        async with self.ctx.pool.acquire() as connection:
            task_ids = await task_owners.unowned(connection, self.ctx.now(), rules.unowned.seconds, ROUND_LIMIT)
        return sum([bool(await self._attempt(task_id, partial(self._alarm, task_id))) for task_id in task_ids])

    async def value(self) -> int:
        """Value the items that are new, or whose case has changed; return how many."""
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            if await self._valued.lasts(connection, now):
                return 0
            unvalued = await task_views.to_value(connection, VALUES_LIMIT)
            if not unvalued:
                self._valued.until(now)
            else:
                changed = await task_views.write(connection, unvalued, self.ctx.policy.call_list.persons)
                await work_item_lines.announce(connection, changed)
        return len(unvalued)

    async def _attempt(self, task_id: int, do: Callable[[], Awaitable[T]]) -> T | None:
        """Do the work of one item, unless it rests; an error in it delays no other item."""
        now = self.ctx.now()
        return None if task_id in self._failed.resting(now) else await self._failed.attempt(task_id, do, now)

    async def _end(self, lease: EndedLease) -> None:
        try:
            async with open_item(self.ctx, lease.task_id, ENGINE) as item:
                if item.before.version == lease.version:
                    change = Move(kind=TaskActKind.RELEASED, note=lease.because.value)
                    await item.move(change, because=lease.because.value)
        except (TaskClosed, TaskChanged):
            return  # an officer, or what the item waited for, came first

    async def _alarm(self, task_id: int) -> bool:
        try:
            async with open_item(self.ctx, task_id, ENGINE) as item:
                if item.before.last_owner is not None or item.before.is_alarmed or not await _ask(item):
                    return False
                await task_owners.alarmed(item.connection, task_id, item.now)
                return True
        except TaskClosed:
            return False

    async def _end_alarm(self, task_id: int, case_no: str | None) -> None:
        if case_no is None:
            async with self.ctx.pool.acquire() as connection, connection.transaction():
                await _close_alarm(connection, task_id, await present_moment(connection))
            return
        async with background_transaction(self.ctx, case_no, ENGINE, wait=False) as work:
            # The next round looks again at a case that another transaction has locked.
            if work is not None:
                await _close_alarm(work.connection, task_id, work.now)


async def _ask(item: Item) -> bool:
    """Open one work item for the supervisor about an item without an owner. Return whether it was opened."""
    facts = task_owners.alarm_facts(item.task)
    if item.work is None:
        assert item.task.institution is not None, "an item about no case is about an institution"
        kind, cause = TaskKind.SUPERVISE, TaskCause.TASK_UNOWNED
        opened = await tasks.open_for_institution(
            item.connection, item.task.institution, kind, cause, item.now, facts=facts
        )
        return opened is not None
    if not await item.work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.TASK_UNOWNED, facts=facts)):
        return False
    await item.work.log(EventKind.TASK_UNOWNED, task_id=item.task.task_id, kind=item.task.kind.value)
    return True


async def _close_alarm(connection: Connection, task_id: int, now: datetime) -> None:
    await task_owners.close_alarm(connection, await tasks.get(connection, task_id), now, "the item is closed")
    await task_owners.forget(connection, [task_id])
