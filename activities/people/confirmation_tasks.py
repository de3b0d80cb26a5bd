"""Work items about complaints of the public page that no one-time code has confirmed.

The desk calls the person, or the bank that paid asks its customer. A complaint that an officer takes of the same
transfers then joins the case, and its holds do not end early any more.
"""

from datetime import timedelta
from typing import Final

from activities.case.transaction import ENGINE, lock_case
from activities.context import Context
from db import clock
from db.people import public_drafts
from db.people.public_drafts import Unconfirmed
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about
from schemas.text import IST

BATCH: Final = 100


async def tell_desk(ctx: Context) -> int:
    """Give the desk a work item for each such complaint, some time after it was sent; return how many.

    A clock factor does not shorten that time, because people type.
    """
    after = timedelta(seconds=ctx.policy.public_form.tell_desk_after_seconds)
    async with ctx.pool.acquire() as connection:
        found = await public_drafts.unconfirmed(connection, await clock.present_moment(connection) - after, BATCH)
    for one in found:
        await _tell(ctx, one)
    return len(found)


async def _tell(ctx: Context, one: Unconfirmed) -> None:
    async with ctx.pool.acquire() as connection, connection.transaction():
        work = await lock_case(ctx, connection, one.case_no, ENGINE)
        if not await public_drafts.tell_desk(connection, one.draft_id, work.now):
            return
        since = await public_drafts.unconfirmed_since(connection, work.case_no)
        if since is None:
            # An officer has taken a complaint of the same case meanwhile.
            return
        ends_at = since + timedelta(seconds=ctx.policy.public_form.confirm_within_seconds)
        task = NewTask(
            kind=TaskKind.SUPERVISE,
            cause=TaskCause.COMPLAINT_UNCONFIRMED,
            subject=about(TaskSubject.COMPLAINT, one.ack_no),
            facts=TaskFacts(at=f"{ends_at.astimezone(IST):%d-%m-%Y %H:%M}"),
        )
        for task_id in await work.ask(task):
            await work.log(EventKind.TASK_OPENED, task_id=task_id, kind=TaskKind.SUPERVISE.value)
