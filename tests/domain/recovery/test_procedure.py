"""The way of a victim's money home: steps, routes, sending back, and what falls due when."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.policy.model import load_policy
from domain.recovery.procedure import (
    RULES,
    STEPS,
    back_to,
    choose_route,
    dues,
    is_paid_out,
    next_step,
    steps_of,
    waits_for_order,
)
from domain.work_items.task_owners import acts_of
from schemas.enums import CaseState, Role
from schemas.recovery.restorations import ClockAction, RouteFacts, RoutePicked, StepState
from schemas.restoration_enums import CourtOrderKind, OrderState, RestorationVerb, Route, RouteReason, Step, StepOutcome
from tests.each import each

POLICY = load_policy().restoration.promised("test", 1.0)
DUE = datetime(2026, 11, 24, 12, tzinfo=UTC)
LOW, HIGH = POLICY.no_court_below_paise - 1, POLICY.no_court_below_paise


def facts(**changes: Any) -> RouteFacts:
    return RouteFacts(**{"held_paise": HIGH, "victims": 1, "fir_registered": True, "order": None} | changes)


def standing(step: Step, **changes: Any) -> StepState:
    route = Route.COURT if step is not Step.COLLECTING else None
    plain = {
        "step": step,
        "visit_no": 1,
        "due_at": DUE,
        "reminded_at": None,
        "escalated_at": None,
        "case_state": CaseState.OPEN,
        "held_paise": 100,
        "orders": (),
        "open_objections": 0,
        "is_divided": True,
        "route": route,
        "picked": RoutePicked(route=Route.COURT, reasons=(RouteReason.FIR_REGISTERED,)),
        "asks_for_more": False,
        "order_waiting": False,
        "order_dropped": False,
        "notice_waits": False,
    }
    return StepState.model_validate(plain | changes)


def due_at(step: Step, **changes: Any) -> list[tuple[str, float]]:
    """What falls due, and how many days from the due date of the step."""
    found = dues(standing(step, **changes), POLICY, DUE)
    return [(due.what, (due.at - DUE) / timedelta(days=1)) for due in found]


@each(
    ("given_facts", "route", "reasons"),
    [
        (facts(held_paise=LOW), Route.NO_COURT, ["below_threshold"]),
        (facts(held_paise=LOW, fir_registered=False), Route.NO_COURT, ["below_threshold"]),
        (facts(), Route.COURT, ["at_or_above_threshold", "fir_registered"]),
        (facts(fir_registered=False), Route.LOK_ADALAT, ["at_or_above_threshold", "no_fir"]),
        (facts(victims=POLICY.many_victims_min), Route.MAGISTRATE_107, ["many_victims"]),
        (facts(victims=POLICY.many_victims_min, held_paise=LOW), Route.MAGISTRATE_107, ["many_victims"]),
        (facts(victims=POLICY.many_victims_min - 1), Route.COURT, ["at_or_above_threshold", "fir_registered"]),
        (facts(order=CourtOrderKind.BNSS_503, held_paise=LOW), Route.COURT, ["court_order_exists"]),
        (facts(order=CourtOrderKind.LOK_ADALAT), Route.LOK_ADALAT, ["court_order_exists"]),
        (facts(order=CourtOrderKind.BNSS_107), Route.MAGISTRATE_107, ["court_order_exists"]),
        (facts(order=CourtOrderKind.BNSS_106), Route.COURT, ["at_or_above_threshold", "fir_registered"]),
    ],
)
def test_the_route_and_why(given_facts: RouteFacts, route: Route, reasons: list[str]) -> None:
    assert choose_route(given_facts, POLICY) == RoutePicked.model_validate({"route": route, "reasons": reasons})


@each("route", Route)
def test_a_route_is_walked_step_by_step_to_its_end(route: Route) -> None:
    walked: list[Step] = []
    while step := next_step(route, POLICY.bond_for, walked):
        walked.append(step)
    assert tuple(walked) == steps_of(route, POLICY.bond_for)
    assert (walked[-1] is Step.BOND) == (route in POLICY.bond_for)
    assert walked[:3] == [Step.COLLECTING, Step.APPLICATION, Step.VERIFICATION]


def test_the_district_magistrate_who_distributes_takes_no_bond() -> None:
    assert Step.BOND not in steps_of(Route.MAGISTRATE_107, POLICY.bond_for)


def test_a_holder_who_was_asked_to_show_cause_had_notice() -> None:
    done = {Step.COLLECTING, Step.APPLICATION, Step.VERIFICATION, Step.SHOW_CAUSE}
    assert next_step(Route.COURT, (), done) is Step.COURT_ORDER


def test_a_holder_who_had_notice_was_not_asked_to_show_cause() -> None:
    done = {Step.COLLECTING, Step.APPLICATION, Step.VERIFICATION, Step.HOLDER_NOTICE}
    assert next_step(Route.MAGISTRATE_107, (), done) is Step.SHOW_CAUSE


@each("route", Route)
def test_sent_back_it_goes_to_where_people_work(route: Route) -> None:
    for step in STEPS[route]:
        if step not in RULES[RestorationVerb.SEND_BACK].steps:
            continue
        usual = back_to(step, None, route)
        assert usual is (Step.APPLICATION if step is Step.VERIFICATION else Step.VERIFICATION)
        for to in Step:
            place = STEPS[route].index(to) if to in STEPS[route] else 99
            allowed = 0 < place < STEPS[route].index(step)
            assert back_to(step, to, route) == (to if allowed else None)


@given(route=st.sampled_from(Route), data=st.data())
def test_however_often_it_is_sent_back_it_comes_to_the_same_end(route: Route, data: st.DataObject) -> None:
    done: set[Step] = set()
    sent_back = 0
    seen = []
    while step := next_step(route, POLICY.bond_for, done):
        seen.append(step)
        to = None
        if step in RULES[RestorationVerb.SEND_BACK].steps and sent_back < 5 and data.draw(st.booleans()):
            to = back_to(step, data.draw(st.none() | st.sampled_from(STEPS[route])), route)
        if to is None:
            done.add(step)
        else:
            sent_back += 1
            done.discard(to)
    assert done == set(steps_of(route, POLICY.bond_for))
    assert [step for number, step in enumerate(seen) if step not in seen[:number]] == list(
        steps_of(route, POLICY.bond_for)
    )


# -- what falls due ----------------------------------------------------------------------------------------------------


def test_the_trail_is_waited_for_three_days_or_until_it_is_settled() -> None:
    assert due_at(Step.COLLECTING) == [("end_step", 0)]
    assert due_at(Step.COLLECTING, case_state=CaseState.SETTLED) == [("end_step", 0)]


@each(
    ("step", "reminded", "escalated"),
    [
        (Step.APPLICATION, -8, 7),
        (Step.VERIFICATION, -5, 3),
        (Step.COURT_ORDER, -10, 15),
        (Step.LOK_ADALAT_AWARD, -10, 15),
        (Step.DISTRIBUTION, -15, 7),
        (Step.APPROVAL, -3, 3),
        (Step.CREDIT, -5, 3),
        (Step.BOND, -8, 15),
    ],
)
def test_a_step_that_waits_for_somebody_is_reminded_of_and_escalated(
    step: Step, reminded: float, escalated: float
) -> None:
    assert due_at(step) == [("remind", reminded), ("escalate", escalated)]
    assert due_at(step, reminded_at=DUE) == [("escalate", escalated)]
    assert due_at(step, reminded_at=DUE, escalated_at=DUE) == []


@each("step", [Step.HOLDER_NOTICE, Step.SHOW_CAUSE])
def test_the_holders_days_end_by_themselves_unless_somebody_objects(step: Step) -> None:
    assert [what for what, _ in due_at(step)] == ["remind", "end_step", "escalate"]
    assert [what for what, _ in due_at(step, open_objections=1)] == ["remind", "escalate"]
    assert [what for what, _ in due_at(step, notice_waits=True)] == ["remind", "escalate"], "no party could object yet"


@each("step", Step)
def test_money_that_is_not_on_hold_any_more_ends_it_before_it_is_ordered(step: Step) -> None:
    due = due_at(step, held_paise=0, orders=(OrderState.DELIVERED,))
    assert (due[0] == (ClockAction.WIND_UP, 0)) == (step not in {Step.CREDIT, Step.BOND})


@each("step", Step)
def test_another_route_is_picked_until_it_is_up_for_approval(step: Step) -> None:
    other = RoutePicked(route=Route.NO_COURT, reasons=(RouteReason.BELOW_THRESHOLD,))
    settled_on = {Step.COLLECTING, Step.APPROVAL, Step.CREDIT, Step.BOND}
    assert (due_at(step, picked=other)[0] == (ClockAction.ROUTE, 0)) == (step not in settled_on)
    asks = due_at(step, picked=other, asks_for_more=True)
    assert (asks[0] == (ClockAction.ROUTE, 0)) == (step not in settled_on - {Step.APPROVAL}), (
        "a court is asked after all"
    )
    undivided = due_at(step, picked=other, asks_for_more=True, is_divided=False)
    assert undivided[0][0] == (ClockAction.ALLOCATE if step is Step.APPROVAL else asks[0][0])


def test_an_order_that_has_come_ends_the_wait_for_it_unless_somebody_objects() -> None:
    assert due_at(Step.COURT_ORDER, order_waiting=True) == [("take_order", 0)]
    assert due_at(Step.VERIFICATION, order_waiting=True)[0][0] == "remind"
    assert due_at(Step.COURT_ORDER, order_waiting=True, open_objections=1)[0][0] == "remind"


@each("step", Step)
def test_without_its_order_it_is_not_up_for_approval(step: Step) -> None:
    due = due_at(step, order_dropped=True, is_divided=False)
    assert (due[0] == (ClockAction.DROP_ORDER, 0)) == (step is Step.APPROVAL)


def test_the_step_that_waits_for_an_order() -> None:
    assert [waits_for_order(route) for route in Route] == [
        *(None, Step.COURT_ORDER, Step.LOK_ADALAT_AWARD, Step.DISTRIBUTION)
    ]


def test_what_is_up_for_approval_is_divided_first() -> None:
    assert due_at(Step.APPROVAL, is_divided=False) == [("allocate", 0)]


@each(
    ("orders", "over"),
    [
        ((), False),
        ((OrderState.PLANNED,), False),
        ((OrderState.CONFIRMED,), True),
        ((OrderState.CONFIRMED, OrderState.DELIVERED), False),
        ((OrderState.CONFIRMED, OrderState.REFUSED), False),
        ((OrderState.CONFIRMED, OrderState.CANCELLED), True),
    ],
)
def test_it_is_paid_out_when_every_order_has_come_to_its_end(orders: tuple[OrderState, ...], over: bool) -> None:
    assert is_paid_out(orders) is over
    assert (due_at(Step.CREDIT, orders=orders)[0][0] == "end_step") is over


@each("role", list(Role))
def test_a_work_item_of_a_step_is_for_those_who_can_bring_the_step_nearer_to_its_end(role: Role) -> None:
    towards, done = {RestorationVerb.PREPARE, RestorationVerb.WAIVE_NOTICE}, {StepOutcome.DONE, StepOutcome.SKIPPED}
    rules = [rule for verb, rule in RULES.items() if role in rule.roles and (rule.outcome in done or verb in towards)]
    acts = acts_of({role})
    assert acts is None or acts.steps == {step for rule in rules for step in rule.steps}
