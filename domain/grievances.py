"""The ladder of an account holder's grievance: who decides at which level, and what comes by itself. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.errors import MayNot, NotNow, RoleNotAllowed
from domain.errors.grievances import (
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
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Role
from schemas.grievances.grievances import GrievanceErrand, GrievanceVerb
from schemas.outbox.procedures import Due, GrievancePolicy
from schemas.restoration_enums import GrievanceDecision, GrievanceLevel, GrievanceState

LADDER: Final = tuple(GrievanceLevel)
DECIDES: Final[Mapping[GrievanceLevel, Role]] = {
    GrievanceLevel.IO: Role.IO,
    GrievanceLevel.DY_SP: Role.DY_SP,
    GrievanceLevel.DISTRICT_GRO: Role.DISTRICT_GRO,
    GrievanceLevel.STATE_GRO: Role.STATE_GRO,
}
"""The bank reports, it does not decide."""

_DESK: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})
ROLES: Final[Mapping[GrievanceVerb, frozenset[Role]]] = {
    GrievanceVerb.REPORT: _DESK,
    GrievanceVerb.DECIDE: frozenset(DECIDES.values()),
    GrievanceVerb.ESCALATE: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    # What a holder says who comes in person is written down.
    GrievanceVerb.APPEAL_ON: _DESK | {Role.IO},
    # Not by the officer whose hold it is about.
    GrievanceVerb.WITHDRAW: _DESK,
}
APPEALABLE: Final = frozenset({GrievanceState.UPHELD, GrievanceState.PART_RELEASED})
"""what the next level can be asked about: something stays on hold"""
ENDS_AS: Final[Mapping[GrievanceDecision, GrievanceState]] = {
    GrievanceDecision.UPHELD: GrievanceState.UPHELD,
    GrievanceDecision.PART_RELEASED: GrievanceState.PART_RELEASED,
    GrievanceDecision.RELEASED: GrievanceState.RELEASED,
}


class Standing(FrozenModel):
    """A grievance, as the rules see it."""

    state: GrievanceState
    level: GrievanceLevel
    deciders: tuple[str, ...] = ()
    """who decided it at a level below, or decided that the hold is kept; as the case's log names them"""


class Clocks(FrozenModel):
    """What the clocks of an open grievance go by."""

    level: GrievanceLevel
    due_at: UtcDatetime
    overdue_told: bool
    on_hold: bool
    """whether anything is still on hold"""


class Earlier(FrozenModel):
    """The last grievance about the same hold."""

    state: GrievanceState
    level: GrievanceLevel
    opened_at: UtcDatetime
    filed: int
    """how many there are since the hold began"""


def above(level: GrievanceLevel) -> GrievanceLevel | None:
    """The level above; None above the highest."""
    index = LADDER.index(level) + 1
    return LADDER[index] if index < len(LADDER) else None


def due_at(policy: GrievancePolicy, level: GrievanceLevel, opened_at: datetime) -> datetime:
    """By when a level that is opened now decides."""
    return opened_at + timedelta(seconds=policy.level_seconds[level])


def check_state(verb: GrievanceVerb, standing: Standing) -> None:
    """Let a verb pass that fits where the grievance stands, whoever asks for it. Raises `NotNow`."""
    state, level = standing.state, standing.level
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


def check_officer(verb: GrievanceVerb, role: Role, actor: str, standing: Standing) -> None:
    """Let an officer pass, or raise `MayNot`, `NotNow` or `SameEyes`. `actor` is the officer as the log names them."""
    if role not in ROLES[verb]:
        raise RoleNotAllowed(role, tuple(allowed for allowed in Role if allowed in ROLES[verb]))
    check_state(verb, standing)
    if verb is not GrievanceVerb.DECIDE:
        return
    if DECIDES[standing.level] is not role:
        raise GrievanceAtOtherLevel(standing.level, DECIDES[standing.level])
    if actor in standing.deciders:
        raise GrievanceNeedsSecondOfficer(actor)


def verbs_of(role: Role, standing: Standing) -> tuple[GrievanceVerb, ...]:
    """What this role can do now, whoever has it."""
    found = []
    for verb in GrievanceVerb:
        try:
            check_officer(verb, role, "", standing)
        except (MayNot, NotNow):
            continue
        found.append(verb)
    return tuple(found)


def may_be_filed(earlier: Earlier | None, first_held_at: datetime, filed_max: int) -> None:
    """Let a grievance pass after the last one about the hold; one that is decided is taken on, not begun anew.

    Raises `NotNow`, also for the one after `filed_max` about one hold.
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


def dues(clocks: Clocks, at: datetime) -> tuple[Due, ...]:
    """What comes by itself about an open grievance, in order of time."""
    if not clocks.on_hold:
        return (Due(what=GrievanceErrand.OVERTAKE, at=at),)
    if above(clocks.level) is not None:
        return (Due(what=GrievanceErrand.ESCALATE, at=clocks.due_at),)
    if not clocks.overdue_told:
        return (Due(what=GrievanceErrand.OVERDUE, at=clocks.due_at),)
    return ()
