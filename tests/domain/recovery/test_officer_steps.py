"""Which act a restoration waits for, and who does it."""

from domain.recovery.officer_steps import WAITS_FOR, acts_of
from domain.recovery.procedure import BY_OTHERS, RULES
from schemas.enums import Role
from schemas.recovery.officer_steps import OfficerAct
from schemas.restoration_enums import RestorationVerb, Step


def test_each_step_waits_for_an_act_that_is_allowed_there() -> None:
    for step, act in WAITS_FOR.items():
        assert step in RULES[RestorationVerb(act.value)].steps
    assert set(Step) - set(WAITS_FOR) == (BY_OTHERS - {Step.HOLDER_NOTICE}) | {Step.SHOW_CAUSE}
    assert set(WAITS_FOR.values()) | {
        *(OfficerAct.APPROVE, OfficerAct.DECIDE_OBJECTION, OfficerAct.CONFIRM_CREDIT_ACCOUNT)
    } == set(OfficerAct)


def test_the_acts_of_a_role_are_those_of_the_rules() -> None:
    assert acts_of({Role.SP}) == (
        *(OfficerAct.DECIDE_OBJECTION, OfficerAct.CONFIRM_CREDIT_ACCOUNT, OfficerAct.APPROVE),
    )
    assert OfficerAct.PREPARE in acts_of({Role.DY_SP})
    assert OfficerAct.APPROVE not in acts_of({Role.IO, Role.DY_SP})
    assert acts_of({Role.AUDITOR}) == ()
