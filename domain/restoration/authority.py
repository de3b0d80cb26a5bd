"""Who may do what to a restoration: roles, steps, and four eyes. Pure, so that every combination can be tried."""

from domain.errors import NotNow, RuleBroken
from domain.restoration.procedure import REOPENED, REOPENERS, RULES
from schemas.enums import Role
from schemas.restoration.restorations import RestorationVerb
from schemas.restoration_enums import RestorationState, Step

FOUR_EYED = frozenset({RestorationVerb.APPROVE, RestorationVerb.REFUSE})
"""what whoever made the order ready may not do"""


class MayNot(RuleBroken):
    """This role may not do this."""


class SameEyes(RuleBroken):
    """It takes another officer: the one who made it ready does not decide on it."""


def verbs_of(role: Role, step: Step) -> tuple[RestorationVerb, ...]:
    """What this role can do at this step."""
    return tuple(verb for verb, rule in RULES.items() if role in rule.roles and step in rule.steps)


def verbs_now(
    role: Role, state: RestorationState, step: Step, *, leaves_out: bool = False
) -> tuple[RestorationVerb, ...]:
    """What this role can do to a restoration, open or closed; `leaves_out`: a part was refused, or cancelled."""
    if state is RestorationState.OPEN:
        return verbs_of(role, step)
    return (RestorationVerb.REOPEN,) if role in REOPENERS and _can_begin_anew(state, leaves_out) else ()


def _can_begin_anew(state: RestorationState, leaves_out: bool) -> bool:
    return state in REOPENED or (state is RestorationState.RESTORED and leaves_out)


def check_reopening(role: Role, state: RestorationState, *, leaves_out: bool = False) -> None:
    """Let an officer begin anew what has ended without the money, or raise `MayNot` or `NotNow`."""
    if role not in REOPENERS:
        roles = ", ".join(allowed.value for allowed in Role if allowed in REOPENERS)
        raise MayNot(f"{role.value} may not; one of these may: {roles}")
    if not _can_begin_anew(state, leaves_out):
        raise NotNow(f"it is {state.value}: only what was refused or cancelled begins anew")


def check(verb: RestorationVerb, role: Role, subject: str, step: Step, prepared_by: str | None) -> None:
    """Let an officer pass, or raise `MayNot`, `NotNow` (not at this step, or not prepared) or `SameEyes`.

    `subject` is the name on the officer's token: by it the four eyes are told apart, whatever the role.
    """
    rule = RULES[verb]
    if role not in rule.roles:
        roles = ", ".join(allowed.value for allowed in Role if allowed in rule.roles)
        raise MayNot(f"{role.value} may not; one of these may: {roles}")
    if step not in rule.steps:
        steps = ", ".join(allowed.value for allowed in Step if allowed in rule.steps)
        raise NotNow(f"the restoration is at {step.value}; this is done at {steps}")
    if verb is RestorationVerb.APPROVE and prepared_by is None:
        raise NotNow("nobody has made it ready for approval yet")
    if verb is RestorationVerb.PREPARE and prepared_by is not None:
        raise NotNow(f"{prepared_by} has made it ready already: send it back to have it made anew")
    if verb in FOUR_EYED and prepared_by == subject:
        raise SameEyes(f"{subject} made it ready: another officer decides")
