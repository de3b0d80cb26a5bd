"""The unit of work of a hold: the transaction on its case, with the hold's locked row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from db.recovery import account_holds
from db.recovery.account_holds import AccountHold
from schemas.events import EventKind
from schemas.tasks import Subject, TaskSubject, about


@dataclass
class HoldTransaction(CaseTransaction):
    """One transaction on a locked case and one of its holds."""

    hold: AccountHold

    @property
    def subject(self) -> Subject:
        """Return the subject of the tasks about the hold."""
        return about(TaskSubject.HOLD, self.hold.hold_id)

    async def log(self, kind: EventKind, /, **data: object) -> None:
        """Write one event about the hold into the case's log."""
        await super().log(kind, hold_id=str(self.hold.hold_id), institution=self.hold.institution, **data)


@asynccontextmanager
async def hold_transaction(
    ctx: Context, hold_id: UUID, actor: str, *, case_no: str | None = None
) -> AsyncIterator[HoldTransaction]:
    """Run one transaction on a hold with its case locked. Raises `NotFound`.

    A caller that knows `case_no` saves one query.
    """
    find = partial(account_holds.case_of, hold_id=hold_id)
    async with case_transaction(ctx, case_no or find, actor) as work:
        yield HoldTransaction.of(work, hold=await account_holds.get(work.connection, hold_id))
