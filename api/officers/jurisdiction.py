"""Jurisdiction of the officer who calls: checks of cases that a request names, and lists confined to own cases."""

from collections.abc import Sequence
from datetime import timedelta

from api.officers.tokens import Officer
from api.roles import Action
from api.services import Services
from db.privacy import jurisdiction
from domain.officers.jurisdiction import (
    Scope,
    check_verb,
    is_read_outside,
    list_keys,
    listed_within,
    marked_scopes_of,
    scopes_of,
)
from schemas.privacy.personal_data import WHOLE_STATE, CaseStanding, Within


def scopes(officer: Officer, action: Action) -> frozenset[Scope]:
    """Return the scopes that the officer has for an action."""
    return scopes_of(officer.roles & action.rule.roles, action.rule.kind)


def marked_scopes(officer: Officer, action: Action) -> frozenset[Scope]:
    """Return the scopes that the officer has for a read of marked cases."""
    assert action.rule.shows is not None, "an action that shows a case says what it shows"
    return marked_scopes_of(officer.roles & action.rule.roles, action.rule.shows)


async def refuse_outside(services: Services, officer: Officer, action: Action, ack_nos: Sequence[str]) -> None:
    """Check that an officer may act in the cases that the body of a request names. Raises `OutsideJurisdiction`."""
    having = scopes(officer, action)
    if Scope.STATE not in having:
        for ack_no in ack_nos:
            await _check_verb(services, officer, having, ("ack_no", ack_no))


async def check_act(services: Services, officer: Officer, action: Action, reference: tuple[str, str] | None) -> None:
    """Check that an officer may act in the case of a request. Raises `OutsideJurisdiction`."""
    having = scopes(officer, action)
    if reference is not None and Scope.STATE not in having:
        await _check_verb(services, officer, having, reference)


async def _check_verb(
    services: Services, officer: Officer, having: frozenset[Scope], reference: tuple[str, str]
) -> None:
    """Check the case of a reference. One that does not exist is refused as another officer's case is.

    Else the refusal would say which numbers there are.
    """
    standing = await _standing(services, officer, reference)
    if standing is None:
        async with services.ctx.pool.acquire() as connection:
            districts = tuple(await jurisdiction.districts_of(connection, officer.subject))
        standing = CaseStanding(case_districts=(), is_assigned=False, officer_districts=districts)
    check_verb(having, standing)


async def check_read(
    services: Services, officer: Officer, action: Action, reference: tuple[str, str] | None, reason: str
) -> bool:
    """Return whether a read is outside the officer's jurisdiction. Raises `ReadReasonNeeded`.

    Of a marked case fewer officers read without a reason.
    """
    having, of_marked = scopes(officer, action), marked_scopes(officer, action)
    if reference is None or Scope.STATE in having & of_marked:
        return False
    standing = await _standing(services, officer, reference)
    return standing is not None and is_read_outside(of_marked if standing.is_marked else having, standing, reason)


async def within_of(services: Services, officer: Officer, action: Action, ack_no: str | None = None) -> Within | None:
    """Return the cases that a list is confined to, or None for every case.

    A list of one case is not confined: `AllowedRead` has checked the case.
    """
    having, of_marked = scopes(officer, action), marked_scopes(officer, action)
    if ack_no is not None or Scope.STATE in having & of_marked:
        return None
    async with services.ctx.pool.acquire() as connection:
        districts = await jurisdiction.districts_of(connection, officer.subject)
    return listed_within(officer.subject, having, of_marked, districts)


async def districts_within(services: Services, officer: Officer, action: Action) -> tuple[str, ...] | None:
    """Return the keys of the districts whose figures an officer reads, or None for the whole State.

    Figures count marked cases too, because they show none of them.
    """
    having = scopes(officer, action)
    if Scope.STATE in having:
        return None
    async with services.ctx.pool.acquire() as connection:
        districts = await jurisdiction.districts_of(connection, officer.subject)
    keys = list_keys(having, districts, marked=False)
    return None if WHOLE_STATE in keys else tuple(keys)


async def _standing(services: Services, officer: Officer, reference: tuple[str, str]) -> CaseStanding | None:
    """Return how an officer stands to the case of a reference; None for a case that does not exist."""
    taken_within = timedelta(seconds=services.ctx.policy.marked.intake_reads_seconds)
    async with services.ctx.pool.acquire() as connection:
        return await jurisdiction.standing(connection, reference, officer.subject, officer.actor, taken_within)
