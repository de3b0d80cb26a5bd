"""The unit of work of an order: the transaction on its case, with the order's locked row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from activities.case.transaction import ENGINE, CaseTransaction, FindCase, case_transaction
from activities.context import Context
from db.recovery import bank_orders
from db.recovery.bank_orders import OrderRow
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.tasks import NO_FACTS, NewTask, Subject, TaskCause, TaskFacts, TaskSubject, about


@dataclass
class OrderTransaction(CaseTransaction):
    """One transaction on a locked case and one of its orders."""

    order: OrderRow

    @property
    def subject(self) -> Subject:
        """Return the subject of the tasks about the order."""
        return about(TaskSubject.ORDER, self.order.order_id)

    def by_engine(self, order: OrderRow) -> "OrderTransaction":
        """Return the same transaction on another order of the case, with the engine as the actor."""
        return OrderTransaction(self.ctx, self.connection, self.head, ENGINE, order)

    async def log(self, kind: EventKind, /, **data: object) -> None:
        """Write one event about the order into the case's log."""
        await super().log(kind, order_id=str(self.order.order_id), institution=self.order.institution, **data)

    async def ask_about_order(
        self, kind: TaskKind, cause: TaskCause, facts: TaskFacts = NO_FACTS, *, caused_by: str | None = None
    ) -> list[int]:
        """Open a task about the order and its bank; return its id, or nothing if it is open already.

        `caused_by` is as in `NewTask`.
        """
        task = NewTask(kind=kind, cause=cause, subject=self.subject, facts=facts, caused_by=caused_by)
        return await self.ask(task, institution=self.order.institution)

    async def notify_workflows(self) -> None:
        """Notify the order's own workflow and those of its restoration and grievance that the order has changed."""
        order = self.order
        await self.notify(ProcedureKind.ORDER, order.order_id)
        if order.restoration_id:
            await self.notify(ProcedureKind.RESTORATION, order.restoration_id)
        if order.grievance_id:
            await self.notify(ProcedureKind.GRIEVANCE, order.grievance_id)


@asynccontextmanager
async def order_transaction(
    ctx: Context, order_id: UUID, actor: str, *, institution: str | None = None, case: str | FindCase | None = None
) -> AsyncIterator[OrderTransaction]:
    """Run one transaction on an order with its case locked. Raises `NotFound`.

    With `institution`, the order of another bank is not found. A caller that knows the `case` saves one query.
    """
    find = partial(bank_orders.case_of, order_id=order_id, institution=institution)
    async with case_transaction(ctx, case or find, actor) as work:
        yield OrderTransaction.of(work, order=await bank_orders.get(work.connection, order_id))
