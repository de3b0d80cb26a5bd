"""Owners of work items: verbs on one item and on many, counts, acts, and saved filters."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path

from activities.work_items import task_owners
from activities.work_items.task_owners import close_task
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, TEAM_OFFICERS_MAX, After, Limit, TaskId
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import Services, TheServices
from api.work_items.tasks import QueryFilter, taker_named, taker_of, wanted_of
from db import task_owners as owner_rows
from db.officers import teams
from db.work_items import notice_settings, task_filters
from domain.errors import BusinessError
from schemas.officers.officers import TeamOfficers
from schemas.tasks import TaskActPage, TaskStanding
from schemas.work_items.task_owners import (
    BULK_MAX,
    FILTER_PLACES,
    BulkOutcome,
    Chosen,
    ChosenToClose,
    ChosenToPassOn,
    ChosenToSnooze,
    NamedFilter,
    PassOn,
    SavedFilter,
    SavedFilters,
    Snooze,
    TakeOver,
    TaskCounts,
    TaskOutcome,
    TaskRef,
    WithVersion,
)

router = APIRouter(prefix="/api/v1/desk", tags=["desk"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_TASKS)]
Owner = Annotated[Officer, may(Action.OWN_TASK)]
Place = Annotated[int, Path(ge=1, le=FILTER_PLACES, description="One of twenty places for filters of the caller.")]

# -- one item ----------------------------------------------------------------------------------------------------------


@router.post("/tasks/{task_id}/claim", name="claim_task", responses=says(NOT_NOW, FOUR_EYES))
async def claim(services: TheServices, officer: Owner, task_id: TaskId, body: WithVersion) -> TaskStanding:
    """Have a work item that no officer has, for a lease. The owner renews the lease by it."""
    return (await task_owners.claim(services.ctx, task_id, body.version, await taker_of(services, officer))).standing


@router.post("/tasks/{task_id}/pass-on", name="pass_on_task", responses=says(NOT_NOW, FOUR_EYES))
async def pass_on(services: TheServices, officer: Owner, task_id: TaskId, body: PassOn) -> TaskStanding:
    """Give a work item to an officer who can act on it, with a note.

    The same call again changes nothing.
    """
    to = await taker_named(services, body.to)
    return (await task_owners.pass_on(services.ctx, task_id, body, await taker_of(services, officer), to)).standing


@router.post("/tasks/{task_id}/take-over", name="take_over_task", responses=says(NOT_NOW, FOUR_EYES))
async def take_over(services: TheServices, officer: Owner, task_id: TaskId, body: TakeOver) -> TaskStanding:
    """Take a work item from the officer who has it, with a reason that the officer reads."""
    return await task_owners.take_over(services.ctx, task_id, body, await taker_of(services, officer))


@router.post("/tasks/{task_id}/release", name="release_task", responses=says(NOT_NOW, FOUR_EYES))
async def release(services: TheServices, officer: Owner, task_id: TaskId, body: WithVersion) -> TaskStanding:
    """Have a work item no more: it goes back to the list of those without an owner."""
    return await task_owners.release(services.ctx, task_id, body, await taker_of(services, officer))


@router.post("/tasks/{task_id}/snooze", name="snooze_task", responses=says(NOT_NOW, FOUR_EYES))
async def snooze(services: TheServices, officer: Owner, task_id: TaskId, body: Snooze) -> TaskStanding:
    """Let a work item sleep until a time, or until an event of its case. It has no owner then."""
    return await task_owners.snooze(services.ctx, task_id, body, await taker_of(services, officer))


@router.get("/team-officers", name="list_team_officers_for_tasks")
async def list_team_officers(services: TheServices, officer: Owner) -> TeamOfficers:
    """List the officers of the caller's teams who can have work items.

    An item can also go to others who can act on it.
    """
    async with services.ctx.pool.acquire() as connection:
        officers = await teams.of(connection, officer.subject, Action.OWN_TASK.rule.roles, TEAM_OFFICERS_MAX)
    return TeamOfficers(items=tuple(officers))


# -- many items --------------------------------------------------------------------------------------------------------


@router.post("/tasks/claim", name="claim_tasks", responses=says(NOT_FOUND))
async def claim_many(services: TheServices, officer: Owner, chosen: Chosen) -> BulkOutcome:
    """Claim the work items of a list or of a filter. The answer says of each what became of it."""
    taker = await taker_of(services, officer)

    async def one(ref: TaskRef) -> TaskStanding | None:
        return _changed(await task_owners.claim(services.ctx, ref.task_id, ref.version, taker))

    return await _each(services, officer, chosen, one)


@router.post("/tasks/pass-on", name="pass_on_tasks", responses=says(NOT_FOUND))
async def pass_on_many(services: TheServices, officer: Owner, chosen: ChosenToPassOn) -> BulkOutcome:
    """Give the work items of a list or of a filter to another officer, with a note."""
    by, to = await taker_of(services, officer), await taker_named(services, chosen.to)

    async def one(ref: TaskRef) -> TaskStanding | None:
        body = PassOn(version=ref.version, to=chosen.to, note=chosen.note)
        return _changed(await task_owners.pass_on(services.ctx, ref.task_id, body, by, to))

    return await _each(services, officer, chosen, one)


@router.post("/tasks/release", name="release_tasks", responses=says(NOT_FOUND))
async def release_many(services: TheServices, officer: Owner, chosen: Chosen) -> BulkOutcome:
    """Release the work items of a list or of a filter, so that no officer has them."""
    by = await taker_of(services, officer)

    async def one(ref: TaskRef) -> TaskStanding:
        return await task_owners.release(services.ctx, ref.task_id, ref, by)

    return await _each(services, officer, chosen, one)


@router.post("/tasks/snooze", name="snooze_tasks", responses=says(NOT_FOUND))
async def snooze_many(services: TheServices, officer: Owner, chosen: ChosenToSnooze) -> BulkOutcome:
    """Let the work items of a list or of a filter sleep."""
    by = await taker_of(services, officer)

    async def one(ref: TaskRef) -> TaskStanding:
        body = Snooze(version=ref.version, until=chosen.until, for_event=chosen.for_event)
        return await task_owners.snooze(services.ctx, ref.task_id, body, by)

    return await _each(services, officer, chosen, one)


@router.post("/tasks/close", name="close_tasks", responses=says(NOT_FOUND))
async def close_many(
    services: TheServices, officer: Annotated[Officer, may(Action.CLOSE_TASK)], chosen: ChosenToClose
) -> BulkOutcome:
    """Close the work items of a list or of a filter manually."""

    async def one(ref: TaskRef) -> None:
        await close_task(services.ctx, ref.task_id, chosen.reason, officer.actor, version=ref.version)

    return await _each(services, officer, chosen, one)


Verb = Callable[[TaskRef], Awaitable[TaskStanding | None]]
"""a verb on one item, which returns who has the item then; None if that is as before, or if the item is closed"""


def _changed(done: task_owners.Done) -> TaskStanding | None:
    return done.standing if done.is_changed else None


async def _each(services: Services, officer: Officer, chosen: Chosen, do: Verb) -> BulkOutcome:
    """Do a verb on each chosen item, each in a transaction of its own. Raises `TeamNotFound` and `BadCursor`."""
    following = None
    if chosen.filter is None:
        wanted = list(chosen.tasks or ())
    else:
        query = await wanted_of(services, officer, chosen.filter)
        async with services.ctx.pool.acquire() as connection:
            most = min(chosen.most, BULK_MAX)
            wanted, following = await task_filters.refs(connection, query, chosen.after, most, services.ctx.now())
    items = [await _outcome(ref, do) for ref in wanted]
    if chosen.filter is not None:
        items = await _with_cases(services, items)
    return BulkOutcome(items=tuple(items), more=following is not None, next=following)


async def _outcome(ref: TaskRef, do: Verb) -> TaskOutcome:
    try:
        standing = await do(ref)
    except BusinessError as error:
        return TaskOutcome(task_id=ref.task_id, done=False, code=error.code, params=error.params, says=str(error))
    return TaskOutcome(task_id=ref.task_id, done=True, version=standing.version if standing else None)


async def _with_cases(services: Services, items: list[TaskOutcome]) -> list[TaskOutcome]:
    """Return outcomes, the refused ones with their cases. The filter has found them, so the caller sees them."""
    refused = [outcome.task_id for outcome in items if not outcome.done]
    if not refused:
        return items
    async with services.ctx.pool.acquire() as connection:
        cases = await owner_rows.cases_of(connection, refused)
    return [outcome.model_copy(update={"case_ack_no": cases.get(outcome.task_id)}) for outcome in items]


# -- counts, acts, saved filters ---------------------------------------------------------------------------------------


@router.get("/task-counts", name="count_tasks", responses=says(NOT_FOUND))
async def count(services: TheServices, officer: Reader, wanted: QueryFilter) -> TaskCounts:
    """Count the open work items that the caller sees, by kind and by owner."""
    query = await wanted_of(services, officer, wanted)
    async with services.ctx.pool.acquire() as connection:
        return await task_filters.counts(connection, query, services.ctx.now())


@router.get("/task-acts", name="list_task_acts")
async def list_acts(
    services: TheServices, officer: Reader, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> TaskActPage:
    """List what others did to the caller's work items, the newest first: passed on, taken over, released."""
    async with services.ctx.pool.acquire() as connection:
        return await owner_rows.acts_about(connection, officer.subject, after, limit)


@router.get("/task-filters", name="list_task_filters")
async def list_filters(services: TheServices, officer: Reader) -> SavedFilters:
    """List the caller's saved filters."""
    async with services.ctx.pool.acquire() as connection:
        return await notice_settings.listed(connection, officer.subject)


@router.put("/task-filters/{place}", name="save_task_filter", responses=says(NOT_NOW))
async def save_filter(services: TheServices, officer: Owner, place: Place, named: NamedFilter) -> SavedFilter:
    """Save a filter at one of twenty places, instead of another one there."""
    async with services.ctx.pool.acquire() as connection:
        await notice_settings.save(connection, officer.subject, place, named, services.ctx.now())
    return SavedFilter(place=place, name=named.name, filter=named.filter)


@router.delete("/task-filters/{place}", name="delete_task_filter", status_code=204)
async def delete_filter(services: TheServices, officer: Owner, place: Place) -> None:
    """Delete a saved filter."""
    async with services.ctx.pool.acquire() as connection:
        await notice_settings.delete(connection, officer.subject, place)
