"""Tasks about held money that no restoration covers.

A court's order retains the hold, which then never lapses. Or more money is on hold at an excluded hop.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from activities.case.transaction import CaseTransaction
from db import tasks
from db.pool import Connection
from db.recovery import account_holds, openings
from schemas.enums import TaskKind
from schemas.tasks import NewTask, TaskCause, TaskSubject, about, about_hop

NO_LONGER_SO: Final = "no longer the case"


async def ask_about_retained_holds(connection: Connection, case_no: str, at: datetime) -> None:
    """Ask the supervisor about each retained hold without a restoration, and close tasks that no longer apply."""
    cause = TaskCause.HOLD_RETAINED_IDLE
    idle = [about(TaskSubject.HOLD, hold_id) for hold_id in await account_holds.kept_alone(connection, case_no)]
    asked = [NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=hold) for hold in idle]
    await tasks.open_tasks(connection, case_no, asked, at)
    await tasks.close_other_subjects(connection, case_no, cause, idle, at, NO_LONGER_SO)


async def ask_about_excluded_hops(work: CaseTransaction, hop_nos: Collection[int]) -> None:
    """Ask the supervisor about excluded hops on which more money is held.

    Also closes the tasks about hops that are reopened or have nothing on hold any more.
    """
    cause = TaskCause.MORE_OF_EXCLUDED_ON_HOLD
    excluded = await openings.of_case(work.connection, work.case_no)
    still = [hop_no for hop_no, excluded_hop in excluded.items() if excluded_hop.held_paise]
    await work.ask(*(about_hop(TaskKind.SUPERVISE, cause, hop_no) for hop_no in still if hop_no in hop_nos))
    hops = [about(TaskSubject.HOP, hop_no) for hop_no in still]
    await tasks.close_other_subjects(work.connection, work.case_no, cause, hops, work.now, NO_LONGER_SO)
