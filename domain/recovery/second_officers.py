"""Acts on a hold that one officer may not do, because of what the officer did before. Pure.

The acts check it themselves. An officer who reads the file is told before an act is refused.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Final

from domain.errors import MayNot, NotNow, SameEyes
from domain.errors.orders import HearerProposed
from domain.officers.persons import is_same_person
from domain.recovery.grievances import DECIDES, GrievanceAtLevel, check_officer
from domain.recovery.releases import SMALL_HOLD_DECIDERS, check_confirming, check_decider
from schemas.base import FrozenModel
from schemas.enums import Role
from schemas.recovery.grievances import GrievanceVerb
from schemas.recovery.holds import BarredAct, HoldAct
from schemas.recovery.releases import ReleaseProposal
from schemas.recovery.restorations import Acting

_HEARERS: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN, Role.IO})


class HoldAsked(FrozenModel):
    """A hold as these rules need it."""

    investigates: str | None
    """IO of the case"""
    tellers: frozenset[str]
    """persons who filed, reported or told a thing about the hold"""
    waits_for_small: bool
    """whether it is a small-value hold that waits for its decision"""
    grievance: GrievanceAtLevel | None
    """open appeal"""
    proposal: ReleaseProposal | None
    """release that waits"""


def barred(officer: Acting, hold: HoldAsked) -> tuple[BarredAct, ...]:
    """Return the acts on a hold that the officer's roles do, and that another officer has to do."""
    found = []
    for act, check in _checks(officer, hold):
        try:
            with suppress(NotNow):
                check()
        except (MayNot, SameEyes) as why:
            found.append(BarredAct(act=act, code=why.code))
    return tuple(found)


def _checks(officer: Acting, hold: HoldAsked) -> Iterator[tuple[HoldAct, Callable[[], None]]]:
    appeal, proposal = hold.grievance, hold.proposal
    decides = DECIDES.get(appeal.level) if appeal else None
    if appeal is not None and decides in officer.roles:
        verb = GrievanceVerb.DECIDE
        yield HoldAct.DECIDE, partial(check_officer, verb, officer.roles, officer.actor, appeal)
        yield HoldAct.DECIDE, _decider(officer, hold, frozenset({decides}))
    if hold.waits_for_small and officer.roles & SMALL_HOLD_DECIDERS:
        yield HoldAct.DECIDE_SMALL, _decider(officer, hold, SMALL_HOLD_DECIDERS)
    if proposal is not None:
        if officer.roles & _HEARERS:
            yield HoldAct.HEAR, partial(_check_hearing, officer, proposal)
        yield HoldAct.CONFIRM, partial(check_confirming, proposal, officer.actor, hold.tellers, proposal.hear_until)


def _decider(officer: Acting, hold: HoldAsked, deciders: frozenset[Role]) -> Callable[[], None]:
    roles = officer.roles & deciders
    return partial(check_decider, roles, officer.subject, hold.investigates, hold.tellers)


def _check_hearing(officer: Acting, proposal: ReleaseProposal) -> None:
    if is_same_person(officer.actor, proposal.proposed_by):
        raise HearerProposed(officer.actor)
