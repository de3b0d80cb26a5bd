"""Officers and teams: who has which role, who is away, who changed what; and what one admin may change alone.

One admin may take a role away, but lets no one in. Adding an officer, giving a role and a new sign-in link would let
one person make a second officer, so two admins do it (`api.banks.administration`), or the command, which needs the
machine.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from activities.officers import enrolment
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from db.officers import officer_lines, officers, teams
from db.paging import cut, from_cursor, to_cursor
from schemas.enums import Role
from schemas.officers.officers import (
    AbsencesEntry,
    FoundOfficers,
    OfficerDetails,
    OfficerEventPage,
    OfficerPage,
    OfficerQuestion,
    TeamChange,
    TeamEntry,
    TeamList,
    folded,
)

router = APIRouter(prefix="/api/v1", tags=["officers"], responses=IN_THE_DESCRIPTION)

FOUND_MAX = 100
"""officers that a search shows at most"""
Reader = Annotated[Officer, may(Action.READ_OFFICERS)]
Ending = Annotated[Officer, may(Action.END_OFFICERS_ROLE)]
Changing = Annotated[Officer, may(Action.CHANGE_TEAMS)]
OfficerId = Annotated[str, Path(max_length=64, description="Id of the officer.")]
TeamName = Annotated[str, Path(max_length=200, description="Name of the team.")]
OfOfficer = Annotated[str | None, Query(max_length=64, description="Only what was done to this officer.")]


@router.get("/officers")
async def list_officers(
    services: TheServices, _: Reader, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> OfficerPage:
    """List the officers with the roles that they have now, their districts and teams."""
    last = str(from_cursor(after, str)[0]) if after else ""
    async with services.ctx.pool.acquire() as connection:
        lines = await officer_lines.listed_lines(connection, last, limit + 1)
    rows, more = cut(lines, limit)
    return OfficerPage(items=tuple(rows), next=to_cursor(rows[-1].officer_id) if more else None)


@router.post("/officers/search")
async def search_officers(services: TheServices, _: Reader, asked: OfficerQuestion) -> FoundOfficers:
    """Find officers by a part of id, name, rank or station, or by the beginning of role, district or team.

    The text goes in the body, because it may name a person.
    """
    async with services.ctx.pool.acquire() as connection:
        matches, is_cut = cut(await officer_lines.found(connection, asked.text, FOUND_MAX + 1), FOUND_MAX)
    return FoundOfficers(items=tuple(matches), is_cut=is_cut)


@router.get("/officers/{officer_id}")
async def read_officer(services: TheServices, _: Reader, officer_id: OfficerId) -> OfficerDetails:
    """Return one officer with the roles of all times, from when until when, and the days of absence."""
    async with services.ctx.pool.acquire() as connection:
        return await officer_lines.details(connection, folded(officer_id))


@router.get("/officer-events")
async def list_officer_events(
    services: TheServices, _: Reader, officer_id: OfOfficer = None, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> OfficerEventPage:
    """List who changed what of officers, teams and tokens, the newest first."""
    async with services.ctx.pool.acquire() as connection:
        return await officers.events_page(connection, folded(officer_id) if officer_id else None, after, limit)


@router.post("/officers/{officer_id}/disable", status_code=204)
async def disable_officer(services: TheServices, officer: Ending, officer_id: OfficerId) -> None:
    """Disable an officer, who has no role and no way in from the next second on."""
    await enrolment.disable_officer(services.ctx.pool, folded(officer_id), officer.actor)
    services.sessions.forget()


@router.post("/officers/{officer_id}/roles/{role}/end", status_code=204, responses=says(NOT_NOW))
async def end_role(services: TheServices, officer: Ending, officer_id: OfficerId, role: Role) -> None:
    """End a role of an officer now, also one that has not begun."""
    await enrolment.end_role(services.ctx.pool, folded(officer_id), role, officer.actor)
    services.sessions.forget()


@router.put("/officers/{officer_id}/absences", status_code=204)
async def write_absences(services: TheServices, officer: Changing, officer_id: OfficerId, asked: AbsencesEntry) -> None:
    """Write the days on which an officer is absent. They replace the known ones."""
    await enrolment.write_absences(services.ctx.pool, folded(officer_id), asked.absences, officer.actor)


@router.get("/teams")
async def list_teams(services: TheServices, _: Reader) -> TeamList:
    """List the teams with districts, members, shifts and lead."""
    async with services.ctx.pool.acquire() as connection:
        return TeamList(items=tuple(await teams.listed(connection)))


@router.post("/teams", status_code=201, responses=says(NOT_FOUND, NOT_NOW))
async def add_team(services: TheServices, officer: Changing, asked: TeamEntry) -> TeamEntry:
    """Add a team. A team without shifts works at any hour."""
    await enrolment.add_team(services.ctx.pool, asked, officer.actor)
    return asked


@router.put("/teams/{name}", responses=says(NOT_FOUND, NOT_NOW))
async def change_team(services: TheServices, officer: Changing, name: TeamName, asked: TeamChange) -> TeamEntry:
    """Write name, lead, members, districts and hours of a team. They replace the known ones."""
    await enrolment.change_team(services.ctx.pool, name.strip(), asked.team, asked.seen, officer.actor)
    return asked.team


@router.post("/teams/{name}/end", status_code=204)
async def end_team(services: TheServices, officer: Changing, name: TeamName) -> None:
    """End a team. Its officers stay."""
    await enrolment.end_team(services.ctx.pool, name.strip(), officer.actor)
