"""Authority over restorations: roles, steps, and the four-eyes rule. Pure, so that tests cover all combinations."""

from domain.errors import NotNow, RuleBroken
from domain.restoration.procedure import REOPENED, REOPENERS, RULES
from schemas.enums import Role
from schemas.restoration.restorations import RestorationVerb
from schemas.restoration_enums import RestorationState, Step

FOUR_EYED = frozenset({RestorationVerb.APPROVE, RestorationVerb.REFUSE})
"""actions that the preparing officer may not do"""


class MayNot(RuleBroken):
    """This role may not do this."""


class SameEyes(RuleBroken):
    """Another officer must act, because the preparing officer may not decide."""


def verbs_of(role: Role, step: Step) -> tuple[RestorationVerb, ...]:
    """Return the actions of this role at this step."""
    return tuple(verb for verb, rule in RULES.items() if role in rule.roles and step in rule.steps)


def verbs_now(
    role: Role, state: RestorationState, step: Step, *, leaves_out: bool = False
) -> tuple[RestorationVerb, ...]:
    """Return the actions of this role on an open or closed restoration.

    `leaves_out`: a part of it was refused or cancelled.
    """
    if state is RestorationState.OPEN:
        return verbs_of(role, step)
    return (RestorationVerb.REOPEN,) if role in REOPENERS and _can_be_reopened(state, leaves_out) else ()


def _can_be_reopened(state: RestorationState, leaves_out: bool) -> bool:
    return state in REOPENED or (state is RestorationState.RESTORED and leaves_out)


def check_reopening(role: Role, state: RestorationState, *, leaves_out: bool = False) -> None:
    """Check that an officer may reopen what ended without restoration. Raises `MayNot` or `NotNow`."""
    if role not in REOPENERS:
        roles = ", ".join(allowed.value for allowed in Role if allowed in REOPENERS)
        raise MayNot(f"the role {role.value} may not do this; allowed roles: {roles}")
    if not _can_be_reopened(state, leaves_out):
        raise NotNow(f"the restoration is {state.value}: only refused or cancelled parts can be reopened")


def check(verb: RestorationVerb, role: Role, subject: str, step: Step, prepared_by: str | None) -> None:
    """Check that an officer may act on a restoration.

    `subject` is the subject of the officer's token, by which the four-eyes rule tells officers apart, whatever their
    role. Raises `MayNot`, `NotNow` (wrong step, or not prepared) or `SameEyes`.
    """
    rule = RULES[verb]
    if role not in rule.roles:
        roles = ", ".join(allowed.value for allowed in Role if allowed in rule.roles)
        raise MayNot(f"the role {role.value} may not do this; allowed roles: {roles}")
    if step not in rule.steps:
        steps = ", ".join(allowed.value for allowed in Step if allowed in rule.steps)
        raise NotNow(f"the restoration is at {step.value}; this action needs the step {steps}")
    if verb is RestorationVerb.APPROVE and prepared_by is None:
        raise NotNow("the restoration is not yet prepared for approval")
    if verb is RestorationVerb.PREPARE and prepared_by is not None:
        raise NotNow(f"{prepared_by} has already prepared it: send it back to prepare it again")
    if verb in FOUR_EYED and prepared_by == subject:
        raise SameEyes(f"{subject} prepared it: another officer must decide")
