"""Filters of work items in requests, and who can act on the items."""

from typing import Annotated

from fastapi import Depends, Query

from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.roles import Action
from api.services import Services
from db.officers import callers, teams
from db.work_items.task_filters import Wanted
from domain.errors.officers import OfficerNotFound
from domain.work_items.task_owners import OWNERS, Taker, acts_of
from schemas.base import MAX_AMOUNT_PAISE
from schemas.enums import Person, TaskKind
from schemas.officers.officers import OfficerId
from schemas.text import Code, Line
from schemas.work_items.task_owners import AGE_MAX_SECONDS, TaskFilter, TaskSort


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
