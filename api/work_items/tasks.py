"""Work items, their filters and notices, and shifts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from activities.work_items import notice_settings, shift_handovers
from activities.work_items.shift_handovers import handover_table
from activities.work_items.task_owners import close_task
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit, TaskId, TextLanguage
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import Services, TheServices
from db.officers import callers, teams
from db.work_items import shift_handovers as rows
from db.work_items import task_notices, task_views
from db.work_items.task_filters import Wanted
from domain.errors.officers import OfficerNotFound
from domain.work_items.task_owners import OWNERS, Taker, acts_of
from schemas.base import MAX_AMOUNT_PAISE, FrozenModel, WithReason
from schemas.case.request_views import TaskPage
from schemas.enums import Language, Person, TaskKind, TaskState
from schemas.identifiers import ACK_NO_PATTERN
from schemas.notifications import NoticeSetting
from schemas.officers.officers import OfficerId
from schemas.text import Code, Line
from schemas.work_items.shift_handovers import EarlyNote, HandoverNote, OwnShifts, ShiftHandover, ShiftPage
from schemas.work_items.task_owners import (
    AGE_MAX_SECONDS,
    NewWebhook,
    NoticesSeen,
    OfficerNotices,
    TaskFilter,
    TaskNoticePage,
    TaskSort,
    WebhookSecret,
)


async def _filter(
    kind: Annotated[
        list[TaskKind] | None,
        Query(
            max_length=len(TaskKind), description="Only work items of these kinds. Repeat the parameter for several."
        ),
    ] = None,
    bank: Annotated[Code | None, Query(description="Only about this bank.")] = None,
    district: Annotated[Line | None, Query(description="Only about cases of this district.")] = None,
    team: Annotated[
        Line | None,
        Query(description="Only what members of this team have, and what has no owner in its districts."),
    ] = None,
    person: Annotated[
        list[Person] | None,
        Query(max_length=len(Person), description="Only cases with such a victim. Repeat the parameter for several."),
    ] = None,
    older_than_seconds: Annotated[int | None, Query(ge=0, le=AGE_MAX_SECONDS)] = None,
    sum_from_paise: Annotated[
        int | None, Query(ge=0, le=MAX_AMOUNT_PAISE, description="Only where at least so much can still be caught.")
    ] = None,
    owner: Annotated[OfficerId | None, Query(description="Only what this officer has.")] = None,
    owned: Annotated[bool | None, Query(description="Only what an officer has, or what no officer has.")] = None,
    snoozed: Annotated[bool | None, Query(description="Only what sleeps, or what does not.")] = None,
) -> TaskFilter:
    return TaskFilter(
        kinds=tuple(kind or ()),
        bank=bank,
        district=district,
        team=team,
        persons=tuple(person or ()),
        older_than_seconds=older_than_seconds,
        sum_from_paise=sum_from_paise,
        owner=owner,
        owned=owned,
        snoozed=snoozed,
    )


QueryFilter = Annotated[TaskFilter, Depends(_filter)]
"""a filter in the parameters of a request"""


async def wanted_of(
    services: Services, officer: Officer, wanted: TaskFilter, sort: TaskSort = TaskSort.WORTH, ack_no: str | None = None
) -> Wanted:
    """Return the open work items of a filter that an officer sees. Raises `TeamNotFound`."""
    within = await within_of(services, officer, Action.READ_TASKS, ack_no)
    team = None
    if wanted.team is not None:
        async with services.ctx.pool.acquire() as connection:
            team = await teams.named(connection, wanted.team)
    return Wanted(filter=wanted, team=team, ack_no=ack_no, acts=acts_of(officer.roles), within=within, sort=sort)


async def taker_of(services: Services, officer: Officer) -> Taker:
    """Return the officer who calls, with what the officer can act on."""
    return Taker(
        officer_id=officer.subject,
        roles=officer.roles,
        acts=acts_of(officer.roles & OWNERS),
        within=await within_of(services, officer, Action.READ_TASKS),
    )


async def taker_named(services: Services, officer_id: str) -> Taker:
    """Return another officer, with what that officer can act on. Raises `OfficerNotFound`."""
    async with services.ctx.pool.acquire() as connection:
        roles = await callers.roles_of(connection, officer_id)
    if roles is None:
        raise OfficerNotFound(officer_id)
    return await taker_of(services, Officer(subject=officer_id, roles=roles, expires_at=0))


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


@tasks_router.post("/tasks/{task_id}/close", name="close_task", responses=says(NOT_NOW, FOUR_EYES))
async def close(
    services: TheServices, officer: Annotated[Officer, may(Action.CLOSE_TASK)], task_id: TaskId, why: WithReason
) -> TaskClosed:
    """Close a work item manually. One that another officer has is taken over before.

    One that is about an act of the caller is closed by another officer.
    """
    task = await close_task(services.ctx, task_id, why.reason, officer.actor)
    return TaskClosed(case_ack_no=task.case_no, hop_no=task.hop_no)


task_notices_router = APIRouter(prefix="/api/v1/desk", tags=["desk"], responses=IN_THE_DESCRIPTION)
admin_router = APIRouter(prefix="/api/v1/officers", tags=["officers"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_TASKS)]
Owner = Annotated[Officer, may(Action.OWN_TASK)]
Of = Annotated[OfficerId, Path(description="Id of an officer.")]


@task_notices_router.get("/notice-settings", name="read_notice_settings")
async def read(services: TheServices, officer: Reader) -> OfficerNotices:
    """Return how the caller is told of work items, and how the messages over each medium stand."""
    return await notice_settings.read(services.ctx, officer.subject)


@task_notices_router.put("/notice-settings", name="save_notice_settings", responses=says(NOT_NOW))
async def save(services: TheServices, officer: Owner, setting: NoticeSetting) -> OfficerNotices:
    """Choose of what, from what sum, at which hours and over which media the caller is told."""
    return await notice_settings.write(services.ctx, officer.subject, setting, officer.actor)


@task_notices_router.delete("/notice-settings", name="reset_notice_settings")
async def reset(services: TheServices, officer: Owner) -> OfficerNotices:
    """Let the caller be told as the policy says for the caller's roles. A webhook is deleted."""
    return await notice_settings.reset(services.ctx, officer.subject, officer.actor)


@task_notices_router.put("/notice-webhook", name="save_notice_webhook", responses=says(NOT_NOW))
async def save_webhook(services: TheServices, officer: Owner, new: NewWebhook) -> WebhookSecret:
    """Write the caller's webhook with a new secret, which is shown once. Each post is signed with it."""
    return await notice_settings.write_webhook(services.ctx, officer.subject, new, officer.actor)


@task_notices_router.delete("/notice-webhook", name="delete_notice_webhook", status_code=204)
async def delete_webhook(services: TheServices, officer: Owner) -> None:
    """Delete the caller's webhook."""
    await notice_settings.delete_webhook(services.ctx, officer.subject, officer.actor)


@task_notices_router.get("/notices", name="list_task_notices")
async def list_notices(
    services: TheServices, officer: Reader, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> TaskNoticePage:
    """List of which work items the caller is told, the newest first.

    A notice of an item that was claimed or closed since holds no more.
    """
    async with services.ctx.pool.acquire() as connection:
        return await task_notices.page(connection, officer.subject, after, limit)


@task_notices_router.put("/notices/seen", name="see_task_notices", status_code=204)
async def see_notices(services: TheServices, officer: Owner, seen: NoticesSeen) -> None:
    """Say until when the caller has seen the notices, so that only later ones count as unseen."""
    async with services.ctx.pool.acquire() as connection:
        await task_notices.see(connection, officer.subject, seen.until, services.ctx.now())


@admin_router.get("/{officer_id}/notice-settings", name="read_notice_settings_of", responses=says(NOT_FOUND))
async def read_of(
    services: TheServices, _: Annotated[Officer, may(Action.READ_NOTICE_SETTINGS)], officer_id: Of
) -> OfficerNotices:
    """Return how an officer is told of work items, and how the messages over each medium stand."""
    await notice_settings.check_known(services.ctx, officer_id)
    return await notice_settings.read(services.ctx, officer_id)


@admin_router.delete("/{officer_id}/notice-settings", name="reset_notice_settings_of", responses=says(NOT_FOUND))
async def reset_of(
    services: TheServices, officer: Annotated[Officer, may(Action.RESET_NOTICE_SETTINGS)], officer_id: Of
) -> OfficerNotices:
    """Let an officer be told as the policy says for the officer's roles. A webhook is deleted."""
    await notice_settings.check_known(services.ctx, officer_id)
    return await notice_settings.reset(services.ctx, officer_id, officer.actor)


shift_handovers_router = APIRouter(prefix="/api/v1/shifts", tags=["desk"], responses=IN_THE_DESCRIPTION)

Writer = Annotated[Officer, may(Action.OWN_TASK)]
ShiftId = Annotated[int, Path(ge=1, lt=2**63, description="Id of a shift that has ended.")]
_RESPONSES = {
    200: {"content": TABLE_CONTENT, "description": "The record, or its items as a table."},
    **says(NOT_FOUND),
}


@shift_handovers_router.get("", name="list_shifts")
async def list_shifts(
    services: TheServices,
    officer: Reader,
    team: Annotated[Line | None, Query(description="Only shifts of this team.")] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> ShiftPage:
    """List the shifts that have ended, the newest first, with what was open at their ends."""
    async with services.ctx.pool.acquire() as connection:
        return await rows.page(connection, team, after, limit)


@shift_handovers_router.get("/own", name="list_own_shifts")
async def own(services: TheServices, officer: Writer) -> OwnShifts:
    """List the shifts of the officer that run or have no record yet, with the officer's own notes for them."""
    return await shift_handovers.own_shifts(services.ctx, officer.subject)


@shift_handovers_router.put("/own/note", name="write_early_note", status_code=204, responses=says(NOT_FOUND))
async def write_early_note(services: TheServices, officer: Writer, early_note: EarlyNote) -> None:
    """Write the note for an own shift before its record is there. The record takes it over."""
    await shift_handovers.write_early_note(services.ctx, officer.subject, early_note)


@shift_handovers_router.get(
    "/{shift_id}/handover", name="read_handover", response_model=ShiftHandover, responses=_RESPONSES
)
async def read_shift(request: Request, services: TheServices, officer: Reader, shift_id: ShiftId) -> Response:
    """Return what each officer of a shift did and left, with the officers' notes."""
    within = await within_of(services, officer, Action.READ_TASKS)
    handover = await shift_handovers.read(services.ctx, shift_id, within)
    if wants_file(request):
        return await as_file(request, handover_table(handover), "handover")
    return Response(handover.model_dump_json(), media_type="application/json")


@shift_handovers_router.put(
    "/{shift_id}/handover/note", name="write_handover_note", status_code=204, responses=says(NOT_FOUND, NOT_NOW)
)
async def write_note(services: TheServices, officer: Writer, shift_id: ShiftId, handover_note: HandoverNote) -> None:
    """Add a note to the record of an own shift, in place of an earlier one."""
    await shift_handovers.write_note(services.ctx, shift_id, officer.subject, handover_note)
