"""The work items of the desk."""

from typing import Annotated

from fastapi import APIRouter, Query

from activities.case.desk import close_task
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit, TaskId, TextLanguage
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from api.work_items.task_filters import QueryFilter, wanted_of
from db.work_items import task_views
from schemas.base import FrozenModel, WithReason
from schemas.case.request_views import TaskPage
from schemas.enums import Language, TaskState
from schemas.identifiers import ACK_NO_PATTERN
from schemas.work_items.task_owners import TaskSort

tasks_router = APIRouter(prefix="/api/v1/desk", tags=["desk"], responses=IN_THE_DESCRIPTION)


class TaskClosed(FrozenModel):
    """Subject of a closed work item: a case and possibly a hop, or neither if it was about an institution."""

    case_ack_no: str | None
    hop_no: int | None


@tasks_router.get("/tasks", responses=says(NOT_FOUND))
async def list_tasks(
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_TASKS)],
    wanted: QueryFilter,
    state: Annotated[TaskState, Query()] = TaskState.OPEN,
    sort: Annotated[TaskSort, Query(description="The oldest first, or the most money that can be caught.")] = (
        TaskSort.AGE
    ),
    case: Annotated[
        str | None,
        Query(pattern=ACK_NO_PATTERN.pattern, description="Only work items about the case with this number."),
    ] = None,
    mine: Annotated[
        bool, Query(description="Only about cases whose investigating or supervising officer is the caller.")
    ] = False,
    language: TextLanguage = Language.EN,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> TaskPage:
    """List work items, the oldest first by default, each with its subject, its owner and the person to call.

    Officers of the police see the work items that their role can act on, such as a step of a restoration, an appeal at
    their level, a duty, or a hold that lapses soon.
    """
    listed = await wanted_of(services, officer, wanted, sort, case)
    listed = listed.model_copy(update={"state": state, "of_officer": officer.subject if mine else None})
    async with services.ctx.pool.acquire() as connection:
        holidays = services.ctx.policy.bank_holidays
        return await task_views.page(connection, listed, after, limit, holidays, services.ctx.now(), language)


@tasks_router.post("/tasks/{task_id}/close", name="close_task", responses=says(NOT_NOW))
async def close(
    services: TheServices, officer: Annotated[Officer, may(Action.CLOSE_TASK)], task_id: TaskId, why: WithReason
) -> TaskClosed:
    """Close a work item manually. One that another officer has is taken over before."""
    task = await close_task(services.ctx, task_id, why.reason, officer.actor)
    return TaskClosed(case_ack_no=task.case_no, hop_no=task.hop_no)
