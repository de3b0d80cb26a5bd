"""Rules of releases that officers decide: who decides, who is heard, and who confirms. Pure."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

from domain.errors.orders import (
    DeciderTold,
    OfficerNotOfCase,
    ReleaseNeedsSecondOfficer,
    VictimIsHeard,
)
from domain.officers.officers import in_words
from domain.officers.persons import is_same_person, person_of
from schemas.enums import Role
from schemas.recovery.releases import ReleaseProposal, ReleaseStage

SMALL_HOLD_DECIDERS: Final = frozenset({Role.IO, Role.DY_SP, Role.SP})


def answers_for(roles: AbstractSet[Role], subject: str, investigates: str | None) -> bool:
    """Return whether an officer answers for the holds of a case: `investigates` is its IO, or None without one.

    `roles` are those of the officer's roles that decide. An IO answers for the cases assigned to that IO. Above the IO,
    everybody but the case's IO does.
    """
    is_io = investigates is not None and is_same_person(subject, investigates)
    return Role.IO in roles if is_io else bool(roles - {Role.IO})


def check_decider(roles: AbstractSet[Role], subject: str, investigates: str | None, tellers: Collection[str]) -> None:
    """Check that an officer may decide about a hold. Raises `MayNot` or `SameEyes`.

    `roles` are those of the officer's roles that decide. `tellers` are the persons who filed, reported or told a thing
    about the hold.
    """
    if not answers_for(roles, subject, investigates):
        raise OfficerNotOfCase(in_words(roles))
    if person_of(subject) in tellers:
        raise DeciderTold(subject)


def stage_of(hear_until: datetime, *, needs_second: bool, at: datetime) -> ReleaseStage:
    """Return what a proposed release waits for."""
    if at < hear_until:
        return ReleaseStage.VICTIM_IS_HEARD
    return ReleaseStage.SECOND_OFFICER if needs_second else ReleaseStage.CONFIRMATION


def check_confirming(proposal: ReleaseProposal, by: str, tellers: Collection[str], at: datetime) -> None:
    """Check that an officer may confirm a proposed release. Raises `NotNow` or `SameEyes`."""
    if at < proposal.hear_until:
        raise VictimIsHeard(proposal.hear_until)
    if proposal.needs_second and is_same_person(by, proposal.proposed_by):
        raise ReleaseNeedsSecondOfficer(by)
    if person_of(by) in tellers:
        raise DeciderTold(by)
