"""Calls that banks promise: the desk waits for them, and a supervisor learns of a missed one.

The escalation of the hold request goes on meanwhile, because a promise freezes no money.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.case.desk import LIVE_STATES
from activities.case.parked_hops import Done
from activities.case.request_sending import request_task
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from db.case import call_backs, requests
from db.case.call_backs import CallBack, DueTimes
from db.case.requests import RequestRow
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.tasks import TaskCause, TaskFacts, TaskSubject, about
from schemas.text import IST

_CALLS: Final = (TaskCause.REQUEST_SILENT, TaskCause.CALL_BACK_MISSED)
"""causes of the work items to telephone, which wait for the promised call"""


def due_times(ctx: Context, now: datetime) -> DueTimes:
    """Return since when a promised call must be due, or missed, to be acted on."""
    rules = ctx.policy.telephone
    return DueTimes(
        due_before=now - timedelta(seconds=rules.call_again_after_seconds / ctx.clock_factor),
        missed_before=now - timedelta(seconds=rules.supervise_after_seconds / ctx.clock_factor),
    )


async def called(work: CaseTransaction, request_id: UUID) -> None:
    """End the promised call about a request, because the bank has spoken again."""
    await call_backs.end_of_request(work.connection, request_id, "called", work.now)


async def promise(work: CaseTransaction, request: RequestRow, telephone_answer_id: UUID, due_at: datetime) -> None:
    """Write that the bank calls back about a request. The desk need not telephone before."""
    await call_backs.insert(work.connection, work.case_no, request.request_id, telephone_answer_id, due_at)
    subject = about(TaskSubject.REQUEST, request.request_id)
    await work.close_tasks(subject, _CALLS, "the bank calls back", kinds=[TaskKind.PHONE_BANK])


async def attend(ctx: Context, case_no: str, call_back_ids: Sequence[int]) -> Done:
    """Ask the desk to telephone a bank that did not call back, and after that tell the supervisor.

    A promised call about a request that needs no answer any more ends.
    """
    async with case_transaction(ctx, case_no, ENGINE) as work:
        due = await call_backs.still_due(work.connection, case_no, call_back_ids, due_times(ctx, work.now))
        for one in due:
            await _attend_to(work, one)
    return Done(len(due))


async def _attend_to(work: CaseTransaction, one: CallBack) -> None:
    request = await requests.get_of_case(work.connection, work.case_no, one.request_id)
    if request.state not in LIVE_STATES:
        await call_backs.end(work.connection, one.call_back_id, "answered", work.now)
        return
    facts = TaskFacts(institution=request.institution, at=f"{one.due_at.astimezone(IST):%d-%m-%Y %H:%M}")
    kind = TaskKind.PHONE_BANK if one.missed_at is None else TaskKind.SUPERVISE
    task = request_task(kind, TaskCause.CALL_BACK_MISSED, one.request_id, facts)
    if one.missed_at is None:
        await call_backs.mark_missed(work.connection, one.call_back_id, work.now)
    else:
        await call_backs.end(work.connection, one.call_back_id, "missed", work.now)
    for task_id in await work.ask(task, institution=request.institution):
        await work.log(EventKind.TASK_OPENED, task_id=task_id, kind=kind.value, institution=request.institution)
