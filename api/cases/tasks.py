"""The work items of the desk."""

from typing import Annotated

from fastapi import APIRouter, Query

from activities.cases.desk import close_task
from api.auth import may
from api.jurisdiction import within_of
from api.params import LIMIT_DEFAULT, After, Limit, TaskId
from api.problems import IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from api.tokens import Officer
from db.reporting import task_views
from domain.reporting.task_acts import acts_of
from schemas.base import FrozenModel, WithReason
from schemas.enums import TaskKind, TaskState
from schemas.identifiers import ACK_NO_PATTERN
from schemas.tracing.views import TaskPage

router = APIRouter(prefix="/api/v1/desk", tags=["desk"], responses=IN_THE_DESCRIPTION)


class TaskClosed(FrozenModel):
    """Subject of a closed work item: a case and possibly a hop, or neither if it was about an institution."""

    case_ack_no: str | None
    hop_no: int | None


@router.get("/tasks")
async def list_tasks(
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_TASKS)],
    state: Annotated[TaskState, Query()] = TaskState.OPEN,
    kind: Annotated[
        list[TaskKind] | None,
        Query(
            max_length=len(TaskKind), description="Only work items of these kinds. Repeat the parameter for several."
        ),
    ] = None,
    case: Annotated[
        str | None,
        Query(pattern=ACK_NO_PATTERN.pattern, description="Only work items about the case with this number."),
    ] = None,
    mine: Annotated[
        bool, Query(description="Only about cases whose investigating or supervising officer is the caller.")
    ] = False,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> TaskPage:
    """List work items, the oldest first, each with its subject and the person to call.

    Officers of the police see the work items that their role can act on, such as a step of a restoration, an appeal at
    their level, a duty, or a hold that lapses soon.
    """
    wanted = task_views.Wanted(
        state=state,
        kinds=tuple(kind or TaskKind),
        ack_no=case,
        acts=acts_of(officer.roles),
        of_officer=officer.subject if mine else None,
        within=await within_of(services, officer, Action.READ_TASKS, case),
    )
    async with services.ctx.pool.acquire() as connection:
        holidays = services.ctx.policy.bank_holidays
        return await task_views.page(connection, wanted, after, limit, holidays, services.ctx.now())


@router.post("/tasks/{task_id}/close", name="close_task", responses=says(NOT_NOW))
async def close(
    services: TheServices, officer: Annotated[Officer, may(Action.CLOSE_TASK)], task_id: TaskId, why: WithReason
) -> TaskClosed:
    """Close a work item manually."""
    task = await close_task(services.ctx, task_id, why.reason, officer.actor)
    return TaskClosed(case_ack_no=task.case_no, hop_no=task.hop_no)
