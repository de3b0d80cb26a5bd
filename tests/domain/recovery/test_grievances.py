"""The levels of a grievance: every verb at every level in every state by every role, and its clocks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MayNot, NotNow, SameEyes
from domain.officers.officers import DECIDES
from domain.policy.model import load_policy
from domain.recovery.grievances import (
    LEVELS,
    Clocks,
    Earlier,
    GrievanceAtLevel,
    above,
    check_officer,
    check_state,
    due_at,
    dues,
    may_be_filed,
    verbs_of,
)
from schemas.enums import Role
from schemas.recovery.grievances import GrievanceClockAction, GrievanceVerb
from schemas.restoration_enums import GrievanceLevel, GrievanceState
from tests.each import each

LEVEL, STATE, VERB = GrievanceLevel, GrievanceState, GrievanceVerb
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
DESK = {Role.DESK, Role.SUPERVISOR, Role.ADMIN}
DECIDERS = {
    LEVEL.IO: Role.IO,
    LEVEL.DY_SP: Role.DY_SP,
    LEVEL.DISTRICT_GRO: Role.DISTRICT_GRO,
    LEVEL.STATE_GRO: Role.STATE_GRO,
}


def expected(verb: GrievanceVerb, role: Role, level: GrievanceLevel, state: GrievanceState) -> bool:
    """Return the table once more, in another form."""
    is_open = state is STATE.OPEN
    if verb is VERB.REPORT:
        return is_open and level is LEVEL.BANK and role in DESK
    if verb is VERB.DECIDE:
        return is_open and DECIDERS.get(level) is role
    if verb is VERB.ESCALATE:
        return is_open and level is not LEVEL.STATE_GRO and role in {Role.SUPERVISOR, Role.ADMIN}
    if verb is VERB.WITHDRAW:
        return is_open and role in DESK
    on = state in {STATE.UPHELD, STATE.PART_RELEASED}
    return on and level is not LEVEL.STATE_GRO and role in DESK | {Role.IO}


@each(("verb", "level"), list(product(VERB, LEVEL)))
def test_every_role_in_every_state(verb: GrievanceVerb, level: GrievanceLevel) -> None:
    for role, state in product(Role, STATE):
        grievance = GrievanceAtLevel(state=state, level=level, deciders=("officer:other",))
        may = expected(verb, role, level, state)
        assert (verb in verbs_of({role}, grievance)) == may, (role, state)
        if may:
            check_officer(verb, {role}, "officer:a", grievance)
        else:
            with pytest.raises((MayNot, NotNow)):
                check_officer(verb, {role}, "officer:a", grievance)


def test_who_decided_before_does_not_decide_again() -> None:
    grievance = GrievanceAtLevel(state=STATE.OPEN, level=LEVEL.DY_SP, deciders=("officer:a",))
    with pytest.raises(SameEyes, match="officer:a has decided on this hold"):
        check_officer(VERB.DECIDE, {Role.DY_SP}, "officer:a", grievance)
    check_officer(VERB.DECIDE, {Role.DY_SP}, "officer:b", grievance)


def test_c2_two_spellings_of_a_name_decide_once() -> None:
    grievance = GrievanceAtLevel(state=STATE.OPEN, level=LEVEL.DY_SP, deciders=("officer:Ravi",))
    with pytest.raises(SameEyes):
        check_officer(VERB.DECIDE, {Role.IO, Role.DY_SP}, "officer:ravi", grievance)


def test_a_role_that_decides_at_another_level_is_told_whose_turn_it_is() -> None:
    grievance = GrievanceAtLevel(state=STATE.OPEN, level=LEVEL.DISTRICT_GRO)
    with pytest.raises(MayNot, match="is with district_gro, where district_gro decides"):
        check_officer(VERB.DECIDE, {Role.STATE_GRO}, "officer:a", grievance)


@each(("verb", "level"), list(product([VERB.APPEAL_ON, VERB.WITHDRAW, VERB.REPORT], LEVEL)))
def test_the_holder_and_the_bank_need_no_role(verb: GrievanceVerb, level: GrievanceLevel) -> None:
    for state in STATE:
        grievance = GrievanceAtLevel(state=state, level=level)
        if expected(verb, Role.ADMIN, level, state):
            check_state(verb, grievance)
        else:
            with pytest.raises(NotNow):
                check_state(verb, grievance)


def test_the_escalation_has_five_levels_and_none_is_above_the_state() -> None:
    assert [level.value for level in LEVELS] == ["bank", "io", "dy_sp", "district_gro", "state_gro"]
    assert all(above(lower) is upper for lower, upper in pairwise(LEVELS))
    assert above(LEVEL.STATE_GRO) is None
    assert set(DECIDES) == set(LEVELS) - {LEVEL.BANK}
    assert len(set(DECIDES.values())) == len(DECIDES)


def test_each_level_has_the_days_of_the_sop() -> None:
    policy = load_policy().grievance.promised("1", 1.0)
    assert [(due_at(policy, level, NOW) - NOW).days for level in LEVELS] == [7, 15, 15, 15, 15]


@each(
    ("state", "level", "refusal"),
    [
        (STATE.OPEN, LEVEL.IO, "is open already"),
        (STATE.UPHELD, LEVEL.IO, "can be taken to dy_sp"),
        (STATE.PART_RELEASED, LEVEL.DY_SP, "can be taken to district_gro"),
        (STATE.UPHELD, LEVEL.STATE_GRO, "state_gro decides last"),
        (STATE.RELEASED, LEVEL.IO, None),
        (STATE.WITHDRAWN, LEVEL.BANK, None),
        (STATE.OVERTAKEN, LEVEL.BANK, None),
    ],
)
def test_a_grievance_after_another(state: GrievanceState, level: GrievanceLevel, refusal: str | None) -> None:
    earlier = Earlier(state=state, level=level, opened_at=NOW, filed=2)
    may_be_filed(earlier, NOW + timedelta(days=1), 3)  # the hold started again since
    if refusal is None:
        may_be_filed(earlier, NOW - timedelta(days=1), 3)
    else:
        with pytest.raises(NotNow, match=refusal):
            may_be_filed(earlier, NOW - timedelta(days=1), 3)
    with pytest.raises(NotNow, match=refusal or "2 grievances about this hold were filed"):
        may_be_filed(earlier, NOW - timedelta(days=1), 2)
    may_be_filed(None, NOW, 1)


@given(
    level=st.sampled_from(LEVELS),
    told=st.booleans(),
    on_hold=st.booleans(),
    wait=st.timedeltas(timedelta(seconds=1), timedelta(days=400)),
)
def test_what_comes_by_itself(level: GrievanceLevel, told: bool, on_hold: bool, wait: timedelta) -> None:
    """Nothing stays for ever: it goes up, and above the highest level the supervisor knows, once."""
    clocks = Clocks(level=level, due_at=NOW + wait, overdue_told=told, on_hold=on_hold)
    found = dues(clocks, NOW)
    if not on_hold:
        assert [(due.what, due.at) for due in found] == [(GrievanceClockAction.OVERTAKE, NOW)]
    elif level is not LEVEL.STATE_GRO:
        assert [(due.what, due.at) for due in found] == [(GrievanceClockAction.ESCALATE, NOW + wait)]
    else:
        assert [due.what for due in found] == ([] if told else [GrievanceClockAction.OVERDUE])
