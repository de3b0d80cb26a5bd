"""Jurisdiction of the officer who calls: checks of cases that a request names, and lists confined to own cases."""

from collections.abc import Sequence

from api.roles import ALLOWED, KINDS, Action
from api.services import Services
from api.tokens import Officer
from db.cases import jurisdiction
from domain.jurisdiction import Scope, check_verb, district_key, is_read_outside, scopes_of
from schemas.jurisdiction import WHOLE_STATE, CaseStanding, Within


def scopes(officer: Officer, action: Action) -> frozenset[Scope]:
    """Return the scopes that the officer has for an action."""
    return scopes_of(officer.roles & ALLOWED[action], KINDS[action])


async def refuse_outside(services: Services, officer: Officer, action: Action, ack_nos: Sequence[str]) -> None:
    """Check that an officer may act in the cases that the body of a request names. Raises `OutsideJurisdiction`."""
    having = scopes(officer, action)
    if Scope.STATE not in having:
        async with services.ctx.pool.acquire() as connection:
            for ack_no in ack_nos:
                standing = await jurisdiction.standing(connection, ("ack_no", ack_no), officer.subject)
                if standing is not None:
                    check_verb(having, standing)


async def standing_of(
    services: Services, officer: Officer, action: Action, reference: tuple[str, str] | None
) -> CaseStanding | None:
    """Return how an officer stands to the case of a request; None where that decides nothing.

    It decides nothing for an officer of the whole State, for a list, and for a case that does not exist.
    """
    if reference is None or Scope.STATE in scopes(officer, action):
        return None
    async with services.ctx.pool.acquire() as connection:
        return await jurisdiction.standing(connection, reference, officer.subject)


async def check_act(services: Services, officer: Officer, action: Action, reference: tuple[str, str] | None) -> None:
    """Check that an officer may act in the case of a request. Raises `OutsideJurisdiction`."""
    standing = await standing_of(services, officer, action, reference)
    if standing is not None:
        check_verb(scopes(officer, action), standing)


async def check_read(
    services: Services, officer: Officer, action: Action, reference: tuple[str, str] | None, reason: str
) -> bool:
    """Return whether a read is outside the officer's jurisdiction. Raises `ReadReasonNeeded`."""
    standing = await standing_of(services, officer, action, reference)
    return standing is not None and is_read_outside(scopes(officer, action), standing, reason)


async def within_of(services: Services, officer: Officer, action: Action, ack_no: str | None = None) -> Within | None:
    """Return the cases that a list is confined to, or None for every case.

    A list of one case is not confined: `AllowedRead` has checked the case.
    """
    if ack_no is not None or Scope.STATE in (having := scopes(officer, action)):
        return None
    async with services.ctx.pool.acquire() as connection:
        districts = await jurisdiction.districts_of(connection, officer.subject)
    if WHOLE_STATE in districts:
        return None
    keys = tuple(sorted({district_key(name) for name in districts})) if Scope.DISTRICT in having else ()
    return Within(officer_id=officer.subject, districts=keys)
