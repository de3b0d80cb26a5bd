"""Verbs of officers on the owners of work items. Each verb is one transaction on one item."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activities.case.transaction import CaseTransaction, lock_case
from activities.context import Context
from activities.isolation import repeated
from db import task_owners, tasks
from db.clock import present_moment
from db.officers import officers
from db.pool import Connection
from db.task_owners import Move, Standing
from db.work_items import task_filters
from domain.errors.case import OwnerAbsent, TaskChanged, TaskClosed, TaskNotForOfficer, TaskOfProposal
from domain.work_items.task_owners import (
    Taker,
    check_claim,
    check_close,
    check_disposal,
    check_not_about,
    check_release,
    check_snooze,
    check_take_over,
)
from schemas.enums import TaskState
from schemas.events import EventKind
from schemas.tasks import TaskActKind, TaskCause, TaskStanding
from schemas.work_items.task_owners import PassOn, Snooze, TakeOver, WithVersion

EVENTS: Final = {
    TaskActKind.CLAIMED: EventKind.TASK_CLAIMED,
    TaskActKind.PASSED_ON: EventKind.TASK_PASSED_ON,
    TaskActKind.TAKEN_OVER: EventKind.TASK_TAKEN_OVER,
    TaskActKind.RELEASED: EventKind.TASK_RELEASED,
    TaskActKind.SNOOZED: EventKind.TASK_SNOOZED,
}
"""events of the case log; the note of an act is not in them, because it may name a person"""


@dataclass(frozen=True)
class Item:
    """An open work item in a transaction, with its row and its case locked."""

    ctx: Context
    connection: Connection
    work: CaseTransaction | None
    """None for an item about no case"""
    task: tasks.TaskRow
    before: Standing
    actor: str
    now: datetime

    @property
    def lease_ends_at(self) -> datetime:
        """Return when a lease that begins now ends."""
        return self.now + timedelta(seconds=self.ctx.policy.work_items.lease_seconds)

    async def move(self, change: Move, **data: object) -> TaskStanding:
        """Write who has the item from now on, with the event of the case. `data` goes into the event.

        Raises `TaskChanged` if another transaction changed it.
        """
        if self.work:
            ids = {"task_id": self.task.task_id, "kind": self.task.kind.value}
            whose = {"owner": change.owner, "former": self.before.last_owner}
            await self.work.log(EVENTS[change.kind], **ids, **whose, **data)
        version = await task_owners.move(self.connection, self.task, self.before, change, self.actor, self.now)
        if version is None:
            raise TaskChanged(self.task.task_id, self.before.version)
        if change.owner or change.snoozed_until:
            await task_owners.close_alarm(self.connection, self.task, self.now, "an officer has it")
        return TaskStanding(
            task_id=self.task.task_id,
            version=version,
            owner=change.owner,
            lease_ends_at=change.lease_ends_at,
            snoozed_until=change.snoozed_until,
        )


@dataclass(frozen=True)
class Done:
    """Who has a work item after a verb that may have found it done already."""

    standing: TaskStanding
    is_changed: bool
    """whether this verb changed the owner"""


@asynccontextmanager
async def open_item(ctx: Context, task_id: int, actor: str) -> AsyncIterator[Item]:
    """Run one transaction on an open work item. Raises `TaskNotFound` and `TaskClosed`."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await tasks.case_of(connection, task_id)
        # The case first, as everywhere: an answer that closes this item would deadlock with us.
        work = await lock_case(ctx, connection, case_no, actor) if case_no else None
        task = await tasks.get(connection, task_id)
        if task.state is TaskState.CLOSED:
            raise TaskClosed(task_id)
        now = work.now if work else await present_moment(connection)
        before = await task_owners.standing(connection, task_id, now)
        yield Item(ctx, connection, work, task, before, actor, now)


@repeated()
async def claim(ctx: Context, task_id: int, version: int, taker: Taker) -> Done:
    """Let an officer have a work item that no officer has, for a lease. The owner renews it.

    Raises `TaskNotForOfficer`, `TaskOwned` and `TaskChanged`.
    """
    async with open_item(ctx, task_id, taker.actor) as item:
        await _check_can_act(item, taker)
        check_claim(item.before, taker.officer_id, version)
        if item.before.owner == taker.officer_id:
            await task_owners.renew(item.connection, task_id, item.lease_ends_at)
            renewed = item.before.model_copy(update={"lease_ends_at": item.lease_ends_at})
            return Done(renewed, is_changed=False)
        return Done(await _give(item, TaskActKind.CLAIMED, taker), is_changed=True)


@repeated()
async def pass_on(ctx: Context, task_id: int, body: PassOn, by: Taker, to: Taker) -> Done:
    """Give a work item to an officer who can act on it, with a note.

    The same call again changes nothing.

    Raises `TaskNotForOfficer`, `OwnerAbsent`, `TaskOwned`, `TaskNotOwned` and `TaskChanged`.
    """
    async with open_item(ctx, task_id, by.actor) as item:
        await _check_can_act(item, by)
        if await _is_given(item, to, body.note):
            return Done(item.before, is_changed=False)
        check_disposal(item.before, by.officer_id, by.roles, body.version)
        await _check_can_act(item, to)
        if await officers.is_absent(item.connection, to.officer_id, item.now):
            raise OwnerAbsent(to.officer_id)
        return Done(await _give(item, TaskActKind.PASSED_ON, to, body.note), is_changed=True)


@repeated()
async def take_over(ctx: Context, task_id: int, body: TakeOver, taker: Taker) -> TaskStanding:
    """Take a work item from its owner, who reads the reason in the list of acts.

    Raises `TaskNotForOfficer`, `TaskNotOwned`, `TaskIsYours` and `TaskChanged`.
    """
    async with open_item(ctx, task_id, taker.actor) as item:
        await _check_can_act(item, taker)
        check_take_over(item.before, taker.officer_id, body.version)
        return await _give(item, TaskActKind.TAKEN_OVER, taker, body.reason)


@repeated()
async def release(ctx: Context, task_id: int, body: WithVersion, by: Taker) -> TaskStanding:
    """Let no officer have a work item. Raises `TaskNotForOfficer`, `TaskNotOwned`, `TaskOwned` and `TaskChanged`."""
    async with open_item(ctx, task_id, by.actor) as item:
        await _check_can_act(item, by)
        check_release(item.before, by.officer_id, by.roles, body.version)
        return await item.move(Move(kind=TaskActKind.RELEASED))


@repeated()
async def snooze(ctx: Context, task_id: int, body: Snooze, by: Taker) -> TaskStanding:
    """Let a work item sleep until a time, or until an event of its case. It then has no owner.

    Raises `TaskNotForOfficer`, `TaskNotOwned`, `TaskOwned`, `TaskChanged`, `SnoozeOutOfBounds` and `SnoozeWithoutCase`.
    """
    async with open_item(ctx, task_id, by.actor) as item:
        await _check_can_act(item, by)
        check_disposal(item.before, by.officer_id, by.roles, body.version)
        check_snooze(item.before, body, ctx.policy.work_items, item.now, has_case=item.work is not None)
        change = Move(kind=TaskActKind.SNOOZED, snoozed_until=body.until, snoozed_for=body.for_event)
        return await item.move(change, until=body.until.isoformat(), for_event=body.for_event)


# -- steps -------------------------------------------------------------------------------------------------------------


async def _give(item: Item, kind: TaskActKind, to: Taker, note: str = "") -> TaskStanding:
    return await item.move(Move(kind=kind, owner=to.officer_id, lease_ends_at=item.lease_ends_at, note=note))


async def _is_given(item: Item, to: Taker, note: str) -> bool:
    """Return whether the actor's last act gave the item so. An officer whose answer was lost asks again."""
    given = Move(kind=TaskActKind.PASSED_ON, owner=to.officer_id, note=note)
    has_it = item.before.owner == to.officer_id
    return has_it and await task_owners.is_last_act(item.connection, item.before, given, item.actor)


async def _check_can_act(item: Item, taker: Taker) -> None:
    check_not_about(item.task.task_id, taker.officer_id, item.task.caused_by)
    if not await task_filters.can_act(item.connection, item.task.task_id, taker, item.now):
        raise TaskNotForOfficer(item.task.task_id, taker.officer_id)


@repeated()
async def close_task(
    ctx: Context, task_id: int, reason: str, officer: str, *, version: int | None = None
) -> tasks.TaskRow:
    """Close a work item by an officer, and return it as it was. With `version` it must have this version.

    Raises `NotFound`, or `NotNow` when it is closed, when another officer has it, or when a proposal waits for it.
    Raises `SameEyes` for the officer whose act it is about.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await tasks.case_of(connection, task_id)
        # Lock the case first, as everywhere. Otherwise an answer that closes this work item could deadlock with us.
        work = await lock_case(ctx, connection, case_no, officer) if case_no else None
        task = await tasks.get(connection, task_id)
        if task.state is TaskState.CLOSED:
            raise TaskClosed(task_id)
        if task.cause is TaskCause.PROPOSAL_TO_DECIDE:
            raise TaskOfProposal(int(task.subject_id))
        now = work.now if work else await present_moment(connection)
        standing = await task_owners.standing(connection, task_id, now)
        check_close(standing, officer.removeprefix("officer:"), version, caused_by=task.caused_by)
        await tasks.close(connection, task_id, now, officer, reason)
        if work:
            data = {"task_id": task_id, "kind": task.kind.value, "hop_no": task.hop_no, "reason": reason}
            await work.log(EventKind.TASK_CLOSED, **data)
    return task
