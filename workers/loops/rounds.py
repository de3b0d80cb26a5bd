"""Works that a worker does round by round, for ever.

Several processes may do them at once: locks and claimed rows keep two of them from the same work.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from activities.case.payer_inquiries import PayerInquirySender
from activities.context import Context
from activities.evidence.nightly import NightlyRuns
from activities.people.draft_saving import forget_old
from activities.people.public_complaints import tell_desk
from activities.people.retention import BATCH, forget_entries, look
from activities.reporting.stage_figures import count_next
from activities.work_items.shift_handovers import ShiftRounds
from activities.work_items.task_notices import TaskNotices
from activities.work_items.task_rounds import TaskRounds
from workers.loops.procedures import CHECK_EVERY_SECONDS, TRANSIENT, ProcedureStarter

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rounds:
    """Works of a round, in order. Each can be done without the others."""

    name: str
    """what waits when a work fails"""
    works: Sequence[Callable[[], Awaitable[object]]]
    """A work that returns True has more to do."""
    rest_seconds: float
    """pause after a round"""
    short_rest_seconds: float = 0.0
    """pause after a round with a work that has more to do"""

    async def run(self) -> None:
        """Run until cancelled. A work that fails is done again in the next round."""
        while True:
            has_more = [await self._has_more(work) for work in self.works]
            await asyncio.sleep(self.short_rest_seconds if any(has_more) else self.rest_seconds)

    async def _has_more(self, work: Callable[[], Awaitable[object]]) -> bool:
        try:
            return await work() is True
        except TRANSIENT as error:
            log.warning("%s: a work waits: %s", self.name, type(error).__name__)
        except Exception as error:
            # The text may have data of a case.
            log.error("%s: a work failed: %s", self.name, type(error).__name__)
        return False


def all_rounds(
    ctx: Context, starter: ProcedureStarter, sender: PayerInquirySender, nightly: NightlyRuns
) -> tuple[Rounds, ...]:
    """Return the rounds of a worker of restorations."""
    return (
        # It works until it fails; a process that waits to replace another one looks as often.
        Rounds("procedures", (starter.work,), CHECK_EVERY_SECONDS),
        Rounds("inquiries to victims' banks", (sender.send_due,), 5.0),
        Rounds("work items", TaskRounds(ctx).works, 10.0),
        Rounds("unconfirmed complaints", (partial(fills_batch, tell_desk, ctx),), 10.0),
        # A round of notices has a statement for each officer on shift.
        Rounds("notices", TaskNotices(ctx).works, 30.0),
        Rounds("shifts", ShiftRounds(ctx).works, 30.0),
        Rounds("nightly runs", (nightly.run_due,), 60.0),
        # The work on cases needs the database more than the count of the next day.
        Rounds("counts of stages", (partial(count_next, ctx),), 60.0, short_rest_seconds=0.2),
        # The times of retention are years, and that of a draft is a day.
        Rounds("retention", [partial(fills_batch, work, ctx) for work in (look, forget_old, forget_entries)], 600.0),
    )


async def fills_batch(work: Callable[[Context], Awaitable[int]], ctx: Context) -> bool:
    """Do a batch of work; return whether the batch was full, so that more may be left."""
    return await work(ctx) >= BATCH
