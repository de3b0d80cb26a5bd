"""Due list: attend to the holds and the statutory duties of one case, all in one transaction.

A transaction does an action and writes when the procedure is due next, so that each action is done once.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.case.transaction import ENGINE, CaseTransaction, background_transaction
from activities.context import Context
from activities.recovery.hold_lifecycle import HoldDeadlines
from activities.recovery.statutory_duties import attend_to_duties
from db.case import procedure_outbox
from db.recovery import due_list
from db.recovery.due_list import Attended, DueProcedure
from schemas.case.procedures import RowState
from schemas.enums import ProcedureKind

log = logging.getLogger(__name__)

PASSES_MAX: Final = 5
"""one action may change another procedure of its case; what is left after so many passes comes in the next round"""
STILL_DUE_AGAIN: Final = timedelta(minutes=1)
"""pause before an action that is still due although it was done"""


@dataclass(frozen=True)
class DueList:
    """Attends to holds and duties, case after case."""

    ctx: Context
    appeal_address: str = ""
    """the address for appeals in messages to account holders; "" if none is configured"""

    async def attend(self, case_no: str, *, wait: bool, since: datetime | None = None) -> int:
        """Do everything that is due of a case's holds and duties; return how many of them were attended to.

        The first of it waits `since` then, and what follows from it counts as waiting as long. Without `wait` a case
        that another transaction has locked is left alone, and 0 returned. A procedure that fails costs no other
        procedure of the case. Raises its error after the others are done.
        """
        done, failed = 0, dict[str, Exception]()
        async with background_transaction(self.ctx, case_no, ENGINE, wait=wait) as work:
            if work is None:
                return 0
            for _ in range(PASSES_MAX):
                found = await due_list.of_case(work.connection, work.case_no, work.now)
                if not (left := [one for one in found if one.workflow_id not in failed]):
                    break
                done += await self._attend_to(work, left, failed)
            if since is not None:
                await procedure_outbox.make_as_old(work.connection, work.case_no, since)
        if failed:
            raise next(iter(failed.values()))
        return done

    async def _attend_to(
        self, work: CaseTransaction, procedures: list[DueProcedure], failed: dict[str, Exception]
    ) -> int:
        """Attend to each procedure, and write when it is due next; add those that fail to `failed`."""
        attended, news_ids = list[Attended](), list[int]()
        for one in procedures:
            try:
                async with work.connection.transaction():
                    state = await self._act(work, one)
            except Exception as error:
                log.warning("due list: %s of case %s failed: %s", one.kind, work.case_no, type(error).__name__)
                failed[one.workflow_id] = error
                continue
            attended.append(Attended(workflow_id=one.workflow_id, due_at=_next_at(state, work.now)))
            news_ids += one.news_ids
        await due_list.mark_attended(work.connection, attended, work.now)
        if news_ids:
            await procedure_outbox.mark_notified(work.connection, news_ids, work.now)
        return len(attended)

    async def _act(self, work: CaseTransaction, one: DueProcedure) -> RowState:
        if one.kind is ProcedureKind.HOLD:
            return await HoldDeadlines(self.ctx, self.appeal_address).attend(work, UUID(one.subject))
        assert one.kind is ProcedureKind.DUTIES, "the other procedures have workflows"
        return await attend_to_duties(work)


def _next_at(state: RowState, now: datetime) -> datetime | None:
    if state.over or not state.dues:
        return None
    due_at = state.dues[0].at
    return due_at if due_at > now else now + STILL_DUE_AGAIN
