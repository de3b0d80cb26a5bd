"""Who may do what: every role with every verb at every step, by a table of the test's own; and four eyes."""

from typing import Final

import pytest

from domain.errors import MayNot, NotNow, RoleNotAllowed, RuleBroken, SameEyes
from domain.errors.restoration import AlreadyPrepared, NotPrepared, WrongStep
from domain.recovery.authority import check, check_reopening, verbs_now, verbs_of
from domain.recovery.procedure import RULES
from schemas.enums import Role
from schemas.restoration_enums import RestorationState, RestorationVerb, Step
from tests.each import each

DESK: Final = "desk supervisor admin"
PEOPLES: Final = "application verification holder_notice show_cause court_order lok_adalat_award distribution approval"
TABLE: Final = {
    "receive_application": (f"{DESK} io", "application"),
    "verify": ("io", "verification"),
    "send_back": ("io dy_sp sp", PEOPLES.removeprefix("application ")),
    "object": (f"{DESK} io", PEOPLES),
    "decide_objection": ("dy_sp sp", PEOPLES),
    "waive_notice": ("io dy_sp", "holder_notice"),
    "take_order": ("io dy_sp", "court_order lok_adalat_award distribution"),
    "prepare": ("io dy_sp", "approval"),
    "approve": ("sp", "approval"),
    "refuse": ("sp", PEOPLES),
    "receive_bond": (f"{DESK} io", "bond"),
    "cancel": ("supervisor admin", f"collecting {PEOPLES} bond"),
}
PREPARES: Final = {RestorationVerb.APPROVE: "the other"}
"""by verb that needs it: who made the order ready"""


def outcome(verb: RestorationVerb, role: Role, step: Step) -> type[RuleBroken] | None:
    try:
        check(verb, {role}, "officer", step, PREPARES.get(verb))
    except RuleBroken as refused:
        return type(refused)
    return None


@each("verb", RULES)
def test_every_role_at_every_step(verb: RestorationVerb) -> None:
    roles, steps = (set(words.split()) for words in TABLE[verb])
    for role in Role:
        for step in Step:
            expected = RoleNotAllowed if role not in roles else WrongStep if step not in steps else None
            assert outcome(verb, role, step) is expected, (role, step)
            assert (verb in verbs_of({role}, step)) == (expected is None)


@each("role", [Role.INTAKE, Role.AUDITOR, Role.DISTRICT_GRO, Role.STATE_GRO])
def test_some_only_look_on(role: Role) -> None:
    assert not any(verbs_of({role}, step) for step in Step)


@each("verb", [RestorationVerb.APPROVE, RestorationVerb.REFUSE])
def test_who_made_it_ready_does_not_decide_on_it_in_any_role(verb: RestorationVerb) -> None:
    with pytest.raises(SameEyes, match="sharma"):
        check(verb, {Role.SP}, "sharma", Step.APPROVAL, "sharma")
    check(verb, {Role.SP}, "verma", Step.APPROVAL, "sharma")


@each("other", ["Sharma", "SHARMA ", "officer:sharma"])
def test_c2_two_spellings_of_a_name_are_one_pair_of_eyes(other: str) -> None:
    with pytest.raises(SameEyes):
        check(RestorationVerb.APPROVE, {Role.SP}, "sharma", Step.APPROVAL, other)


def test_c2_one_person_with_two_roles_is_one_person() -> None:
    both = {Role.IO, Role.SP}
    check(RestorationVerb.PREPARE, both, "sharma", Step.APPROVAL, None)
    with pytest.raises(SameEyes, match="sharma"):
        check(RestorationVerb.APPROVE, both, "sharma", Step.APPROVAL, "sharma")


def test_two_roles_may_what_each_of_them_may() -> None:
    for step in Step:
        apart = {*verbs_of({Role.IO}, step), *verbs_of({Role.SP}, step)}
        assert set(verbs_of({Role.IO, Role.SP}, step)) == apart


def test_nothing_is_approved_that_was_not_made_ready() -> None:
    with pytest.raises(NotPrepared):
        check(RestorationVerb.APPROVE, {Role.SP}, "verma", Step.APPROVAL, None)


def test_what_is_ready_is_not_changed_under_the_eyes_of_who_decides() -> None:
    with pytest.raises(AlreadyPrepared, match="sharma"):
        check(RestorationVerb.PREPARE, {Role.IO}, "verma", Step.APPROVAL, "sharma")


def test_a_refusal_says_who_may() -> None:
    with pytest.raises(RoleNotAllowed, match="desk may not do this, and only these roles may: sp"):
        check(RestorationVerb.APPROVE, {Role.DESK}, "x", Step.APPROVAL, None)


def test_what_was_refused_or_cancelled_is_reopened_by_few() -> None:
    for role in Role:
        for state in RestorationState:
            allowed = role.value in {"supervisor", "admin", "sp"}
            may = allowed and state.value in {"refused", "cancelled"}
            if state is not RestorationState.OPEN:
                assert verbs_now({role}, state, Step.APPROVAL) == ((RestorationVerb.REOPEN,) if may else ())
            if may:
                check_reopening({role}, state)
            else:
                with pytest.raises(NotNow if allowed else MayNot):
                    check_reopening({role}, state)


def test_of_what_is_restored_only_what_was_excluded_is_reopened() -> None:
    restored = RestorationState.RESTORED
    assert verbs_now({Role.SP}, restored, Step.BOND, has_excluded=True) == (RestorationVerb.REOPEN,)
    check_reopening({Role.SP}, restored, has_excluded=True)
    with pytest.raises(NotNow):
        check_reopening({Role.SP}, restored)
    with pytest.raises(MayNot):
        check_reopening({Role.IO}, restored, has_excluded=True)
