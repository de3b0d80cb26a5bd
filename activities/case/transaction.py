"""The unit of work of a case: one transaction, one lock, one clock and one actor.

Due actions of row-clock workflows, judged by the workflow's clock and by the database's. The clock of Temporal's
machine may be wrong, and anybody who reaches Temporal can ask for an action at any time. The database's clock is read
with the row, so the comparison costs no round trip.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.context import Context
from db import tasks
from db.case import case_outbox, cases, events
from db.case.cases import CaseHead
from db.case.events import Event
from db.pool import Connection
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.procedures import ActionInput
from schemas.tasks import NewTask, Subject, TaskCause, TaskFacts

ENGINE: Final = "engine"
"""the actor in the case log when no person and no bank acts"""

FindCase = Callable[[Connection], Awaitable[str]]
"""returns the number of the case to lock; it runs in the same transaction, before the lock"""


@dataclass
class CaseTransaction:
    """One transaction on a locked case. Everything that it writes has the time `now`.

    An area adds its own row by a subclass, which `of` makes from the transaction.
    """

    ctx: Context
    connection: Connection
    head: CaseHead
    actor: str
    """who acts, as the case log names it: `officer:…`, `bank:…`, `engine`, …"""

    @classmethod
    def of(cls, work: "CaseTransaction", **more: Any) -> Self:
        """Return the same transaction with the fields that the area adds."""
        return cls(work.ctx, work.connection, work.head, work.actor, **more)

    @property
    def case_no(self) -> str:
        """Return the case's own number."""
        return self.head.case_no

    @property
    def now(self) -> datetime:
        """Return the database's time, read with the lock."""
        return self.head.now

    @property
    def as_engine(self) -> "CaseTransaction":
        """Return the same transaction with the engine as its actor."""
        return CaseTransaction(self.ctx, self.connection, self.head, ENGINE)

    async def log(self, kind: EventKind, /, **data: object) -> None:
        """Write one event into the case's log."""
        await self.log_all([Event(kind, data)])

    async def log_all(self, written: Sequence[Event]) -> None:
        """Write events into the case's log, in order."""
        await events.append(self.connection, self.case_no, self.now, self.actor, written)

    async def ask(self, *wanted: NewTask, institution: str | None = None) -> list[int]:
        """Open work items and return the ids of those that were not open already."""
        return await tasks.open_tasks(self.connection, self.case_no, wanted, self.now, institution=institution)

    async def close_tasks(
        self,
        subject: Subject | None,
        causes: Collection[TaskCause],
        reason: str,
        *,
        kinds: Collection[TaskKind] = tuple(TaskKind),
        facts: TaskFacts | None = None,
    ) -> list[int]:
        """Close the work items about `subject` with one of these causes; return their ids."""
        return await tasks.close_about(
            self.connection, self.case_no, subject, causes, self.now, reason, kinds=kinds, facts=facts
        )

    async def close_hop_tasks(self, hop_nos: Sequence[int], kinds: Sequence[TaskKind], reason: str) -> None:
        """Close the work items of these kinds about hops, and those that told the supervisor of their wait."""
        await tasks.close_for_hops(self.connection, self.case_no, hop_nos, kinds, self.now, reason)

    async def close_request_tasks(self, request_ids: Sequence[UUID], reason: str) -> None:
        """Close every work item about these hold requests."""
        await tasks.close_for_requests(self.connection, self.case_no, request_ids, self.now, reason)

    async def notify(self, kind: ProcedureKind, subject: object) -> None:
        """Make the row-clock workflow of `subject` read its state again."""
        await case_outbox.notify(self.connection, kind, str(subject), self.now)

    async def notify_all(self, kind: ProcedureKind) -> None:
        """Make every row-clock workflow of this kind in the case read its state again."""
        await case_outbox.notify_all(self.connection, kind, self.case_no, self.now)


async def lock_case(ctx: Context, connection: Connection, ack_no: str, actor: str) -> CaseTransaction:
    """Lock the case that any of its numbers names, in the caller's transaction. Raises `NotFound`."""
    return CaseTransaction(ctx, connection, await cases.lock(connection, ack_no), actor)


async def lock_cases(
    ctx: Context, connection: Connection, case_nos: Collection[str], actor: str
) -> dict[str, CaseTransaction]:
    """Lock several cases by their own numbers, in the caller's transaction; return the work on each.

    All of it has one time, the time of the last lock.
    """
    heads = await cases.lock_all(connection, case_nos)
    return {head.case_no: CaseTransaction(ctx, connection, head, actor) for head in heads}


@asynccontextmanager
async def case_transaction(ctx: Context, case: str | FindCase, actor: str) -> AsyncIterator[CaseTransaction]:
    """Run one transaction on a case with its row locked; it commits when the block ends without an error.

    `case` is any number of the case, or a function that finds it. Raises `NotFound`.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        ack_no = case if isinstance(case, str) else await case(connection)
        yield await lock_case(ctx, connection, ack_no, actor)


@asynccontextmanager
async def background_transaction(
    ctx: Context, case_no: str, actor: str, *, wait: bool
) -> AsyncIterator[CaseTransaction | None]:
    """Run one transaction on a case, like `case_transaction`, for work that can be done later.

    Without `wait` it gives None for a case that another transaction has locked.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        if wait:
            yield await lock_case(ctx, connection, case_no, actor)
        else:
            head = await cases.lock_if_free(connection, case_no)
            yield None if head is None else CaseTransaction(ctx, connection, head, actor)


AHEAD_MAX: Final = timedelta(seconds=60)
"""how far the workflow's clock may be ahead of the database's"""
LOOK_AGAIN_MAX: Final = timedelta(minutes=15)
"""The longest pause before the next attempt, because the row may change meanwhile."""
TOO_EARLY: Final = "AskedTooEarly"


def time_of_action(asked: ActionInput, now: datetime) -> datetime:
    """Return the time by which the action is judged: the workflow's, but at most a minute after the database's."""
    return min(asked.at, now + AHEAD_MAX)


def refuse_before(due_at: datetime, now: datetime) -> None:
    """Refuse an action that is due more than a minute from now, by the database's clock.

    The error has the type `AskedTooEarly`. Temporal tries again when the action is due, or sooner.
    """
    if now + AHEAD_MAX < due_at:
        raise _too_early(due_at, now)


def refuse_if_early(asked: ActionInput, due_at: datetime, now: datetime) -> None:
    """Refuse an action that is due by the workflow's clock and not yet by the database's.

    The error has the type `AskedTooEarly`. Temporal tries again when the action is due, or sooner.
    """
    if time_of_action(asked, now) < due_at <= asked.at:
        raise _too_early(due_at, now)


def _too_early(due_at: datetime, now: datetime) -> ApplicationError:
    return ApplicationError(
        f"the action is due {due_at - now} from now, by the clock of the database",
        type=TOO_EARLY,
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=min(due_at - now, LOOK_AGAIN_MAX),
    )
