"""Money on hold in no round that a person looks at: a court keeps the hold, which never lapses; or more has come of
what was left out."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from db.cases import tasks
from db.holds import account_holds
from db.pool import Connection
from db.restoration import exclusions
from schemas.enums import TaskKind
from schemas.tasks import NewTask, TaskCause, TaskSubject, about, about_hop

NO_LONGER_SO: Final = "it is so no more"


async def ask_about_kept(connection: Connection, case_no: str, at: datetime) -> None:
    """Have the supervisor asked about each such hold of a case, and about none that is so no more."""
    cause = TaskCause.HOLD_RETAINED_IDLE
    alone = [about(TaskSubject.HOLD, hold_id) for hold_id in await account_holds.kept_alone(connection, case_no)]
    asked = [NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=hold) for hold in alone]
    await tasks.open_tasks(connection, case_no, asked, at)
    await tasks.close_other_subjects(connection, case_no, cause, alone, at, NO_LONGER_SO)


async def ask_about_left_out(connection: Connection, case_no: str, hop_nos: Collection[int], at: datetime) -> None:
    """Have the supervisor asked about these hops, of which more has come on hold though what was there is left out;
    and about none any more that is begun anew or has nothing on hold."""
    cause = TaskCause.MORE_OF_EXCLUDED_ON_HOLD
    out = await exclusions.of_case(connection, case_no)
    still = [hop_no for hop_no, one in out.items() if one.held_paise]
    new = [about_hop(TaskKind.SUPERVISE, cause, hop_no) for hop_no in still if hop_no in hop_nos]
    await tasks.open_tasks(connection, case_no, new, at)
    hops = [about(TaskSubject.HOP, hop_no) for hop_no in still]
    await tasks.close_other_subjects(connection, case_no, cause, hops, at, NO_LONGER_SO)
