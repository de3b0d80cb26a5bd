"""Rules of an account holder's grievance: levels, deciding roles, and automatic actions. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from domain.case.requests import EscalationPolicy, open_dues
from domain.errors import MayNot, NotNow
from domain.errors.recovery import (
    BankReportsFirst,
    GrievanceAppealable,
    GrievanceAtOtherLevel,
    GrievanceClosed,
    GrievanceFinal,
    GrievanceNeedsSecondOfficer,
    GrievanceOpen,
    GrievancePastBank,
    GrievancesUsedUp,
    HighestLevel,
    NoDecisionToAppeal,
)
from domain.officers.officers import DECIDES, check_roles
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Role
from schemas.identifiers import is_same_person
from schemas.procedures import DueAction, GrievancePolicy
from schemas.recovery.grievances import GrievanceClockAction, GrievanceVerb
from schemas.restoration_enums import GrievanceDecision, GrievanceLevel, GrievanceState

LEVELS: Final = tuple(GrievanceLevel)

_DESK: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})
ROLES: Final[Mapping[GrievanceVerb, frozenset[Role]]] = {
    GrievanceVerb.REPORT: _DESK,
    GrievanceVerb.DECIDE: frozenset(DECIDES.values()),
    GrievanceVerb.ESCALATE: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    # An officer records the statement of a holder who comes in person.
    GrievanceVerb.APPEAL_ON: _DESK | {Role.IO},
    # Not the IO, because the grievance is about the IO's own hold.
    GrievanceVerb.WITHDRAW: _DESK,
}
APPEALABLE: Final = frozenset({GrievanceState.UPHELD, GrievanceState.PART_RELEASED})
"""decisions open to an appeal, because some money stays on hold"""
ENDS_AS: Final[Mapping[GrievanceDecision, GrievanceState]] = {
    GrievanceDecision.UPHELD: GrievanceState.UPHELD,
    GrievanceDecision.PART_RELEASED: GrievanceState.PART_RELEASED,
    GrievanceDecision.RELEASED: GrievanceState.RELEASED,
}
LEAST_TIME: Final = timedelta(minutes=1)
"""of a level at which a grievance goes on that was withdrawn after its time limit"""
_TO_NEXT_LEVEL: Final = EscalationPolicy({GrievanceClockAction.ESCALATE: timedelta(0)})
_TO_SUPERVISOR: Final = EscalationPolicy({GrievanceClockAction.OVERDUE: timedelta(0)})
"""of the highest level, above which nothing is"""


class GrievanceAtLevel(FrozenModel):
    """A grievance at its level, as the rules need it."""

    state: GrievanceState
    level: GrievanceLevel
    deciders: tuple[str, ...] = ()
    """officers who decided it at a lower level, or decided to keep the hold, as the case log names them"""


class Clocks(FrozenModel):
    """State of an open grievance for its clocks."""

    level: GrievanceLevel
    due_at: UtcDatetime
    overdue_told: bool
    on_hold: bool
    """whether any money is still on hold"""


class Earlier(FrozenModel):
    """Latest grievance about the same hold."""

    state: GrievanceState
    level: GrievanceLevel
    opened_at: UtcDatetime
    filed: int
    """number of grievances since the hold began"""
    level_due_at: UtcDatetime | None = None
    """time limit of its last level"""
    level_ended_at: UtcDatetime | None = None


def above(level: GrievanceLevel) -> GrievanceLevel | None:
    """Return the next level, or None after the highest."""
    index = LEVELS.index(level) + 1
    return LEVELS[index] if index < len(LEVELS) else None


def due_at(policy: GrievancePolicy, level: GrievanceLevel, opened_at: datetime) -> datetime:
    """Return the time limit of a level that is opened at `opened_at`."""
    return opened_at + timedelta(seconds=policy.level_seconds[level])


def check_state(verb: GrievanceVerb, grievance: GrievanceAtLevel) -> None:
    """Check that the action fits the state of the grievance, for any actor. Raises `NotNow`."""
    state, level = grievance.state, grievance.level
    if verb is GrievanceVerb.APPEAL_ON:
        if state not in APPEALABLE:
            raise NoDecisionToAppeal(state)
        if above(level) is None:
            raise HighestLevel(level)
        return
    if state is not GrievanceState.OPEN:
        raise GrievanceClosed(state)
    if verb is GrievanceVerb.REPORT and level is not GrievanceLevel.BANK:
        raise GrievancePastBank(level)
    if verb is GrievanceVerb.DECIDE and level not in DECIDES:
        raise BankReportsFirst(level)
    if verb is GrievanceVerb.ESCALATE and above(level) is None:
        raise HighestLevel(level)


def check_officer(verb: GrievanceVerb, roles: AbstractSet[Role], actor: str, grievance: GrievanceAtLevel) -> None:
    """Check that an officer may act. Raises `MayNot`, `NotNow` or `SameEyes`.

    `actor` is the officer's name in the case log.
    """
    check_roles(roles, ROLES[verb])
    check_state(verb, grievance)
    if verb is not GrievanceVerb.DECIDE:
        return
    if DECIDES[grievance.level] not in roles:
        raise GrievanceAtOtherLevel(grievance.level, DECIDES[grievance.level])
    if any(is_same_person(decider, actor) for decider in grievance.deciders):
        raise GrievanceNeedsSecondOfficer(actor)


def verbs_of(roles: AbstractSet[Role], grievance: GrievanceAtLevel) -> tuple[GrievanceVerb, ...]:
    """Return the actions that these roles can do now, without the four-eyes check."""
    verbs = []
    for verb in GrievanceVerb:
        try:
            check_officer(verb, roles, "", grievance)
        except (MayNot, NotNow):
            continue
        verbs.append(verb)
    return tuple(verbs)


def levels_for(roles: AbstractSet[Role]) -> tuple[GrievanceLevel, ...]:
    """Return the levels at which these roles act: those that they decide, and the bank's if they enter its report."""
    levels = [level for level, role in DECIDES.items() if role in roles]
    if roles & ROLES[GrievanceVerb.REPORT]:
        levels.append(GrievanceLevel.BANK)
    return tuple(level for level in LEVELS if level in levels)


def may_be_filed(earlier: Earlier | None, first_held_at: datetime, filed_max: int) -> None:
    """Check that a grievance may follow the latest one about the hold. Raises `NotNow`.

    A decided grievance is appealed instead of filed again. `filed_max` limits the grievances about one hold.
    """
    if earlier is None or earlier.opened_at < first_held_at:
        return
    if earlier.state is GrievanceState.OPEN:
        raise GrievanceOpen
    if earlier.state in APPEALABLE:
        level = above(earlier.level)
        raise GrievanceAppealable(earlier.state, level) if level else GrievanceFinal(earlier.state, earlier.level)
    if earlier.filed >= filed_max:
        raise GrievancesUsedUp(earlier.filed)


def filed_at(
    earlier: Earlier | None, first_held_at: datetime, policy: GrievancePolicy, now: datetime
) -> tuple[GrievanceLevel, datetime]:
    """Return the level of a grievance that is filed now, and its time limit.

    After a withdrawal it goes on at the level where it was withdrawn, with the time that was left there. So a
    holder gains no time by withdrawing.
    """
    first = GrievanceLevel.BANK
    if earlier is None or earlier.state is not GrievanceState.WITHDRAWN or earlier.opened_at < first_held_at:
        return first, due_at(policy, first, now)
    if earlier.level_due_at is None or earlier.level_ended_at is None:
        return earlier.level, due_at(policy, earlier.level, now)
    return earlier.level, now + max(earlier.level_due_at - earlier.level_ended_at, LEAST_TIME)


def dues(clocks: Clocks, at: datetime) -> tuple[DueAction, ...]:
    """Return the automatic actions for an open grievance, in order of time."""
    if not clocks.on_hold:
        return (DueAction(what=GrievanceClockAction.OVERTAKE, at=at),)
    reached = {GrievanceClockAction.OVERDUE} if clocks.overdue_told else set()
    due_levels = open_dues(_TO_SUPERVISOR if above(clocks.level) is None else _TO_NEXT_LEVEL, reached, clocks.due_at)
    return tuple(DueAction(what=due_level.level, at=due_level.at) for due_level in due_levels)
