"""Holds that a court keeps while no restoration of their money is under way: they never lapse, so a person looks."""

from datetime import datetime
from typing import Final

from db import account_holds, tasks
from db.pool import Connection
from schemas.answers import NewTask
from schemas.enums import TaskKind

NOTHING_UNDER_WAY: Final = ": a court keeps it and nothing is under way"
"""how the notes of these tasks end"""


async def ask_about_kept(connection: Connection, case_no: str, at: datetime) -> None:
    """Have the supervisor asked about each such hold of a case, and about none that is so no more."""
    alone = await account_holds.kept_alone(connection, case_no)
    notes = [f"hold {hold_id}{NOTHING_UNDER_WAY}" for hold_id in alone]
    asked = [NewTask(kind=TaskKind.SUPERVISE, note=note) for note in notes]
    await tasks.open_tasks(connection, case_no, asked, at)
    await tasks.close_but(connection, case_no, TaskKind.SUPERVISE, NOTHING_UNDER_WAY, notes, at, "it is so no more")
