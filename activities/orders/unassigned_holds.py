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
from schemas.tracing.answers import NewTask

NOTHING_UNDER_WAY: Final = ": a court keeps it and nothing is under way"
"""how the notes of the tasks about such holds end"""
MORE_OF_LEFT_OUT: Final = ": more of it is on hold, and it was left out: begin it anew, or it lapses"
"""how the notes of the tasks about such hops end"""


async def ask_about_kept(connection: Connection, case_no: str, at: datetime) -> None:
    """Have the supervisor asked about each such hold of a case, and about none that is so no more."""
    alone = await account_holds.kept_alone(connection, case_no)
    notes = [f"hold {hold_id}{NOTHING_UNDER_WAY}" for hold_id in alone]
    asked = [NewTask(kind=TaskKind.SUPERVISE, note=note) for note in notes]
    await tasks.open_tasks(connection, case_no, asked, at)
    await tasks.close_but(connection, case_no, TaskKind.SUPERVISE, NOTHING_UNDER_WAY, notes, at, "it is so no more")


async def ask_about_left_out(connection: Connection, case_no: str, hop_nos: Collection[int], at: datetime) -> None:
    """Have the supervisor asked about these hops, of which more has come on hold though what was there is left out;
    and about none any more that is begun anew or has nothing on hold."""
    out = await exclusions.of_case(connection, case_no)
    asked = {hop_no: f"hop {hop_no}{MORE_OF_LEFT_OUT}" for hop_no, one in out.items() if one.held_paise}
    new = [
        NewTask(kind=TaskKind.SUPERVISE, hop_no=hop_no, note=note)
        for hop_no, note in asked.items()
        if hop_no in hop_nos
    ]
    await tasks.open_tasks(connection, case_no, new, at)
    notes = list(asked.values())
    await tasks.close_but(connection, case_no, TaskKind.SUPERVISE, MORE_OF_LEFT_OUT, notes, at, "it is so no more")
