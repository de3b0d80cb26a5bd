"""Authority over restorations: roles, steps, and the four-eyes rule. Pure, so that tests cover all combinations."""

from collections.abc import Set as AbstractSet

from domain.errors.restoration import (
    AlreadyPrepared,
    NotPrepared,
    NotReopenable,
    RestorationNeedsSecondOfficer,
    WrongStep,
)
from domain.officers.officers import check_roles
from domain.recovery.procedure import REOPENED, REOPENERS, RULES
from schemas.enums import Role
from schemas.identifiers import is_same_person
from schemas.restoration_enums import RestorationState, RestorationVerb, Step

FOUR_EYED = frozenset({RestorationVerb.APPROVE, RestorationVerb.REFUSE})
"""actions that the officer who prepared the restoration may not do; verifying is not preparing"""


def verbs_of(roles: AbstractSet[Role], step: Step) -> tuple[RestorationVerb, ...]:
    """Return the actions of these roles at this step."""
    return tuple(verb for verb, rule in RULES.items() if roles & rule.roles and step in rule.steps)


def verbs_now(
    roles: AbstractSet[Role], state: RestorationState, step: Step, *, has_excluded: bool = False
) -> tuple[RestorationVerb, ...]:
    """Return the actions of these roles on an open or closed restoration.

    `has_excluded`: a part of it is excluded, because it was refused or cancelled.
    """
    if state is RestorationState.OPEN:
        return verbs_of(roles, step)
    return (RestorationVerb.REOPEN,) if roles & REOPENERS and _can_be_reopened(state, has_excluded) else ()


def _can_be_reopened(state: RestorationState, has_excluded: bool) -> bool:
    return state in REOPENED or (state is RestorationState.RESTORED and has_excluded)


def check_reopening(roles: AbstractSet[Role], state: RestorationState, *, has_excluded: bool = False) -> None:
    """Check that an officer may reopen what ended without restoration. Raises `MayNot` or `NotNow`."""
    check_roles(roles, REOPENERS)
    if not _can_be_reopened(state, has_excluded):
        raise NotReopenable(state)


def check(verb: RestorationVerb, roles: AbstractSet[Role], subject: str, step: Step, prepared_by: str | None) -> None:
    """Check that an officer may act on a restoration.

    `subject` is the officer's id, by which the four-eyes rule tells officers apart, whatever their roles. Raises
    `MayNot`, `NotNow` (wrong step, or not prepared) or `SameEyes`.
    """
    rule = RULES[verb]
    check_roles(roles, rule.roles)
    if step not in rule.steps:
        raise WrongStep(step, tuple(allowed for allowed in Step if allowed in rule.steps))
    if verb is RestorationVerb.APPROVE and prepared_by is None:
        raise NotPrepared
    if verb is RestorationVerb.PREPARE and prepared_by is not None:
        raise AlreadyPrepared(prepared_by)
    if verb in FOUR_EYED and is_same_person(prepared_by, subject):
        raise RestorationNeedsSecondOfficer(subject)
