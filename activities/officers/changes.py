"""Changes of officers and of the policy.

Changes of officers and teams inside the caller's transaction, with all checks. The command does each in a transaction
of its own (`enrolment`). A proposal of two admins does the same.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import asyncpg

from activities.context import Context
from activities.metrics import METRICS
from db.officers import changes, officers, teams
from db.officers import changes as versions
from db.officers.changes import Difference, PolicyVersion
from db.pool import Connection
from documents.spreadsheet import Table, Value
from domain.errors import InvalidPolicy
from domain.errors.officers import (
    AlreadyOfTeam,
    NotOfTeam,
    OfficerExists,
    OfficerNotFound,
    PolicyValueRefused,
    RoleEndsBefore,
    RoleGiven,
    RoleNotGiven,
    TeamChangedSince,
    TeamExists,
    TeamShiftsOverlap,
)
from domain.policy.model import Policy
from domain.policy.values import number_of, values_of, version_of, with_values
from schemas.base import Change
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry, OfficerPerson, TeamEntry
from schemas.officers.policy import AdministrationChange, ChangeFilter, PolicyView
from schemas.text import IST

log = logging.getLogger(__name__)


async def add_officer(connection: Connection, entry: OfficerEntry, now: datetime, actor: str) -> None:
    """Add an officer with roles and districts. Raises `OfficerExists`."""
    if not await officers.add(connection, entry, now, actor):
        raise OfficerExists(entry.officer_id)
    await officers.give_roles(connection, entry.officer_id, entry.roles, now, actor)
    await officers.set_districts(connection, entry.officer_id, entry.districts, now, actor)


async def change_officer(connection: Connection, person: OfficerPerson, now: datetime, actor: str) -> None:
    """Write name, rank, contact and districts of a known officer. Raises `OfficerNotFound`."""
    await _refuse_unknown(connection, person.officer_id)
    await officers.change(connection, person, now, actor)
    await officers.set_districts(connection, person.officer_id, person.districts, now, actor)


async def give_role(
    connection: Connection,
    officer_id: str,
    role: Role,
    from_at: datetime | None,
    until_at: datetime | None,
    now: datetime,
    actor: str,
) -> None:
    """Give an officer a role, from now on by default. Raises `OfficerNotFound`, `RoleGiven` and `RoleEndsBefore`."""
    begins = from_at or now
    if until_at is not None and until_at <= begins:
        raise RoleEndsBefore(role)
    await _refuse_unknown(connection, officer_id)
    if not await officers.give_role(connection, officer_id, role, begins, until_at, now, actor):
        raise RoleGiven(officer_id, role)


async def end_role(connection: Connection, officer_id: str, role: Role, now: datetime, actor: str) -> None:
    """End a role of an officer now. Raises `RoleNotGiven`."""
    if not await officers.end_role(connection, officer_id, role, now, actor):
        raise RoleNotGiven(officer_id, role)


async def disable_officer(connection: Connection, officer_id: str, now: datetime, actor: str) -> None:
    """Disable an officer, who then has no role. Raises `OfficerNotFound`.

    A trigger ends sessions and links. Rounds release the work items, and replace the officer in the cases.
    """
    if not await officers.disable(connection, officer_id, now, actor):
        raise OfficerNotFound(officer_id)


async def enable_officer(connection: Connection, officer_id: str, now: datetime, actor: str) -> None:
    """Enable a disabled officer again, with the roles of before. Raises `OfficerNotFound`."""
    if not await officers.enable(connection, officer_id, now, actor):
        raise OfficerNotFound(officer_id)


async def reset_officer(connection: Connection, officer_id: str, now: datetime, actor: str) -> None:
    """End everything with which an officer comes in: sessions, password and authenticator. Raises `OfficerNotFound`."""
    if not await officers.end_credentials(connection, officer_id, now, actor):
        raise OfficerNotFound(officer_id)


async def add_team(connection: Connection, entry: TeamEntry, now: datetime, actor: str) -> None:
    """Add a team. Raises `TeamExists`, `TeamShiftsOverlap`, and `OfficerNotFound` for its lead or a member."""
    await _refuse_unknown_of(connection, entry)
    try:
        added = await teams.add(connection, entry, now, actor)
    except asyncpg.ExclusionViolationError:
        raise TeamShiftsOverlap(entry.name) from None
    if not added:
        raise TeamExists(entry.name)


async def change_team(
    connection: Connection, name: str, entry: TeamEntry, seen: TeamEntry | None, now: datetime, actor: str
) -> None:
    """Write all that a team has; `seen` is the team as the officer saw it. Saved filters keep naming it.

    Raises `TeamNotFound`, `TeamChangedSince` if it is another one now, and what `add_team` raises.
    """
    before = await teams.locked(connection, name)
    if seen is not None and seen != before:
        raise TeamChangedSince(name)
    await _refuse_unknown_of(connection, entry)
    try:
        await teams.change(connection, before, entry, now, actor)
    except asyncpg.ExclusionViolationError:
        raise TeamShiftsOverlap(entry.name) from None
    except asyncpg.UniqueViolationError:
        raise TeamExists(entry.name) from None
    if entry.name != before.name:
        await teams.rename_team(connection, before.name, entry.name)


async def move_member(
    connection: Connection, officer_id: str, from_team: str | None, to_team: str | None, now: datetime, actor: str
) -> None:
    """Take an officer out of a team, into another one, or both.

    Raises `OfficerNotFound`, `TeamNotFound`, `NotOfTeam` and `AlreadyOfTeam`.
    """
    await _refuse_unknown(connection, officer_id)
    await teams.lock_all(connection, [name for name in (from_team, to_team) if name is not None])
    if from_team is not None and not await teams.remove_member(connection, from_team, officer_id, now, actor):
        raise NotOfTeam(officer_id, from_team)
    if to_team is not None and not await teams.add_member(connection, to_team, officer_id, now, actor):
        raise AlreadyOfTeam(officer_id, to_team)


async def _refuse_unknown_of(connection: Connection, entry: TeamEntry) -> None:
    """Refuse a team whose lead or member is no officer."""
    named = {*entry.members, *({entry.lead} if entry.lead else ())}
    if unknown := named - await officers.known(connection, named):
        raise OfficerNotFound(min(unknown))


async def _refuse_unknown(connection: Connection, officer_id: str) -> None:
    if not await officers.known(connection, [officer_id]):
        raise OfficerNotFound(officer_id)


CHANGES_MAX: Final = 20_000
"""changes that a table has, the newest; a page of JSON leads on without end"""
_AT_ONCE: Final = 1_000
HEADER: Final = ("at", "area", "kind", "subject", "actor", "second", "field", "before", "after", "reason")
_NO_VALUE: Final = Change(field="", before=None, after=None)


async def change_table(ctx: Context, wanted: ChangeFilter) -> Table:
    """Return the changes that a filter finds, the newest first: a row for each value that changed."""
    rows: list[AdministrationChange] = []
    after: str | None = None
    while len(rows) < CHANGES_MAX:
        async with ctx.pool.acquire() as connection:
            page = await changes.page(connection, wanted, after, _AT_ONCE)
        rows += page.items
        after = page.next
        if after is None:
            break
    return Table(title="changes", header=HEADER, rows=tuple(row for change in rows for row in _rows(change)))


def _rows(change: AdministrationChange) -> Iterator[tuple[Value, ...]]:
    at = change.at.astimezone(IST).isoformat(timespec="seconds")
    done = (at, change.area.value, change.kind, change.subject, change.actor, change.second)
    for value in change.changes or (_NO_VALUE,):
        yield (*done, value.field, value.before, value.after, change.reason)


async def in_force(connection: Connection, policy: Policy) -> Policy:
    """Return a policy with the newest version over it.

    A value that a later release no longer takes stops the start, because the engine must not go by another one unseen.
    Raises `InvalidPolicy` naming the value.
    """
    newest = await versions.newest(connection)
    return policy if newest is None else _over(policy, newest)


class PolicyWatch:
    """Takes each new version of the policy into the context of a running process."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._refused = 0
        METRICS.policy_taken(number_of(ctx.policy))

    async def look(self, connection: Connection) -> None:
        """Take the newest version, if it is another one. One with a value that this release refuses is logged once."""
        number = await versions.newest_number(connection)
        if number in {number_of(self._ctx.policy), self._refused}:
            return
        try:
            self._ctx.take_policy(await in_force(connection, self._ctx.policy))
        except InvalidPolicy as error:
            self._refused = number
            log.error("version %d of the policy is not taken: %s", number, error)
        else:
            METRICS.policy_taken(number)
            log.info("version %d of the policy is in force", number)


async def view(connection: Connection, policy: Policy) -> PolicyView:
    """Return the values of a process's policy, and the newest version that was agreed to."""
    own, newest = await versions.numbered(connection, number_of(policy)), await versions.newest(connection)
    agreed = own.differences if own else {}
    return PolicyView(
        version=policy.version,
        agreed_version=policy.version if newest is None else version_of(policy, newest.number),
        values=tuple(
            value.model_copy(update={"source": agreed[value.name].source}) if value.name in agreed else value
            for value in values_of(policy)
        ),
    )


async def write_version(
    connection: Connection, policy: Policy, values: Mapping[str, Any], source: str, proposal_id: int, now: datetime
) -> None:
    """Write a new version with other values. Raises `PolicyValueRefused`."""
    newest = await versions.newest(connection)
    before = newest.differences if newest else {}
    wanted = {name: Difference(value=value, source=source) for name, value in values.items()}
    version = PolicyVersion(number=newest.number + 1 if newest else 1, differences=before | wanted, agreed_at=now)
    try:
        _over(policy, version)
    except InvalidPolicy as error:
        raise PolicyValueRefused(str(error)) from None
    await versions.add(connection, version, proposal_id, now)


def _over(policy: Policy, version: PolicyVersion) -> Policy:
    values = {name: value.value for name, value in version.differences.items()}
    return with_values(policy, values, version_of(policy, version.number))
