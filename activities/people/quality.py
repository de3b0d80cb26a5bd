"""Two questions to victims on how they were treated. What alarms is read by a supervisor."""

from typing import Final

from activities.case.transaction import case_transaction
from activities.context import Context
from activities.people.victims import lock_with_key
from db.case import complaint_money
from db.people import quality
from domain.errors.quality import TreatmentAnswered, TreatmentNotAsked
from domain.people.my_case import has_first_outcome
from domain.people.quality import is_alarming
from schemas.enums import TaskKind
from schemas.people.quality import NewTreatment, TreatmentView
from schemas.tasks import NewTask, TaskCause, TaskSubject, about
from schemas.text import IST

VICTIM: Final = "victim"


async def answer(ctx: Context, ack_no: str, said: NewTreatment) -> None:
    """Take the answers of a victim, once. They are in no log, because officers of the case read it.

    Raises `NotFound`, `TreatmentNotAsked`, `TreatmentAnswered` and `CannotOpen`.
    """
    async with case_transaction(ctx, ack_no, VICTIM) as work:
        connection, on = work.connection, work.now.astimezone(IST).date()
        if await quality.has_answered(connection, ack_no):
            raise TreatmentAnswered(ack_no)
        if not has_first_outcome(await complaint_money.buckets(connection, work.case_no, ack_no)):
            raise TreatmentNotAsked(ack_no)
        alarms = is_alarming(said)
        sealed = None
        if said.text:
            _, victim = await lock_with_key(work, ack_no)
            sealed = ctx.persons.seal_text(victim, said.text, _use(ack_no))
        await quality.insert_answer(connection, on, ack_no, said)
        await quality.insert_report(connection, ack_no, on, sealed, is_alarming=alarms)
        if alarms:
            subject = about(TaskSubject.COMPLAINT, ack_no)
            await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.TREATMENT_REPORTED, subject=subject))


async def read(ctx: Context, ack_no: str) -> TreatmentView:
    """Return what the victim of a complaint wrote. Raises `NotFound` and `CannotOpen`."""
    async with ctx.pool.acquire() as connection:
        row = await quality.report(connection, ack_no)
    text = ctx.persons.open_text(row.key, row.sealed_text, _use(ack_no)) if row.sealed_text else ""
    return TreatmentView(ack_no=ack_no, answered_on=row.answered_on, is_alarming=row.is_alarming, text=text)


def _use(ack_no: str) -> str:
    return f"treatment of {ack_no}"
