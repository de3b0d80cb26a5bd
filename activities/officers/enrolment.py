"""Officers and teams as an administrator writes them, and the first admin."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from activities.officers import changes
from activities.officers.sign_in_links import SignInLink, make_link
from db.clock import present_moment
from db.officers import officers, teams
from db.officers.officers import lock_if_empty
from db.pool import Pool
from domain.errors.officers import OfficerNotFound, OfficersExist, TeamNotFound
from schemas.enums import Role
from schemas.officers.officers import Absence, OfficerEntry, TeamEntry


async def add_officer(pool: Pool, entry: OfficerEntry, actor: str) -> None:
    """Add an officer with roles and districts. Raises `OfficerExists`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.add_officer(connection, entry, await present_moment(connection), actor)


async def import_officers(pool: Pool, entries: Sequence[OfficerEntry], actor: str) -> int:
    """Add or change officers, all or none, so that each is as written. Return how many are new.

    A known officer keeps what comes in with it, and loses the roles and districts that the entry does not have. An
    officer without an entry stays.
    """
    added = 0
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        for entry in entries:
            if await officers.add(connection, entry, now, actor):
                added += 1
            else:
                await officers.change(connection, entry, now, actor)
            await officers.set_roles(connection, entry.officer_id, entry.roles, now, actor)
            await officers.set_districts(connection, entry.officer_id, entry.districts, now, actor)
    return added


async def give_role(
    pool: Pool, officer_id: str, role: Role, from_at: datetime | None, until_at: datetime | None, actor: str
) -> None:
    """Give an officer a role, from now on by default. Raises `OfficerNotFound`, `RoleGiven` and `RoleEndsBefore`."""
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        await changes.give_role(connection, officer_id, role, from_at, until_at, now, actor)


async def end_role(pool: Pool, officer_id: str, role: Role, actor: str) -> None:
    """End a role of an officer now. Raises `RoleNotGiven`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.end_role(connection, officer_id, role, await present_moment(connection), actor)


async def disable_officer(pool: Pool, officer_id: str, actor: str) -> None:
    """Disable an officer, who then has no role. Raises `OfficerNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.disable_officer(connection, officer_id, await present_moment(connection), actor)


async def enable_officer(pool: Pool, officer_id: str, actor: str) -> None:
    """Enable a disabled officer again, with the roles of before. Raises `OfficerNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.enable_officer(connection, officer_id, await present_moment(connection), actor)


async def reset_officer(pool: Pool, officer_id: str, actor: str) -> None:
    """End everything with which an officer comes in: sessions, password and authenticator. Raises `OfficerNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.reset_officer(connection, officer_id, await present_moment(connection), actor)


async def write_absences(pool: Pool, officer_id: str, absences: Sequence[Absence], actor: str) -> None:
    """Replace the days on which an officer is absent. Raises `OfficerNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await officers.known(connection, [officer_id]):
            raise OfficerNotFound(officer_id)
        await officers.set_absences(connection, officer_id, absences, await present_moment(connection), actor)


async def add_team(pool: Pool, entry: TeamEntry, actor: str) -> None:
    """Add a team. Raises `TeamExists`, `TeamShiftsOverlap`, and `OfficerNotFound` for its lead or a member."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.add_team(connection, entry, await present_moment(connection), actor)


async def change_team(pool: Pool, name: str, entry: TeamEntry, seen: TeamEntry | None, actor: str) -> None:
    """Write all that a team has; `seen` is the team as the officer saw it. Raises what `changes.change_team` raises."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.change_team(connection, name, entry, seen, await present_moment(connection), actor)


async def end_team(pool: Pool, name: str, actor: str) -> None:
    """End a team. Raises `TeamNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await teams.end(connection, name, await present_moment(connection), actor):
            raise TeamNotFound(name)


async def add_first_admin(pool: Pool, entry: OfficerEntry, actor: str, life: timedelta) -> SignInLink:
    """Add the first officer, as admin, and return the link to set the credentials. Raises `OfficersExist`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await lock_if_empty(connection):
            raise OfficersExist
        now = await present_moment(connection)
        await officers.add(connection, entry, now, actor)
        await officers.give_roles(connection, entry.officer_id, (Role.ADMIN,), now, actor)
        return await make_link(connection, entry.officer_id, actor, life)
