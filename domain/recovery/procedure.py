"""Procedure of a restoration: steps of each route, choice of route, effect of actions, due actions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.case.requests import EscalationPolicy, open_dues
from schemas.enums import CaseState, Role
from schemas.procedures import DueAction, RestorationPolicy, StepClock
from schemas.recovery.restorations import ClockAction, RouteFacts, RoutePicked, StepState
from schemas.restoration_enums import (
    CaseDuty,
    CourtOrderEffect,
    CourtOrderKind,
    ObjectionBy,
    OrderState,
    RestorationState,
    RestorationVerb,
    Route,
    RouteReason,
    Step,
    StepOutcome,
)

_BEFORE: Final = (Step.COLLECTING, Step.APPLICATION, Step.VERIFICATION)
_AFTER: Final = (Step.APPROVAL, Step.CREDIT)
STEPS: Final[Mapping[Route, tuple[Step, ...]]] = {
    Route.NO_COURT: (*_BEFORE, Step.HOLDER_NOTICE, *_AFTER),
    Route.COURT: (*_BEFORE, Step.HOLDER_NOTICE, Step.COURT_ORDER, *_AFTER),
    Route.LOK_ADALAT: (*_BEFORE, Step.HOLDER_NOTICE, Step.LOK_ADALAT_AWARD, *_AFTER),
    Route.MAGISTRATE_107: (*_BEFORE, Step.SHOW_CAUSE, Step.DISTRIBUTION, *_AFTER),
}
"""In order. An indemnity bond follows if the policy requires one for the route."""

OBJECTION_STEPS: Final = frozenset({Step.HOLDER_NOTICE, Step.SHOW_CAUSE})
"""steps for the account holder's objections; they end by themselves without an objection"""
BY_OTHERS: Final = frozenset({Step.COLLECTING, Step.HOLDER_NOTICE, Step.CREDIT})
"""steps that need no officer of ours, because they wait for the trail, the account holder or the bank"""
ACTS: Final[Mapping[Step, CaseDuty]] = {
    Step.APPLICATION: CaseDuty.IO,
    Step.VERIFICATION: CaseDuty.IO,
    Step.SHOW_CAUSE: CaseDuty.IO,
    Step.COURT_ORDER: CaseDuty.IO,
    Step.LOK_ADALAT_AWARD: CaseDuty.IO,
    Step.DISTRIBUTION: CaseDuty.IO,
    Step.APPROVAL: CaseDuty.SUPERVISING,
    Step.BOND: CaseDuty.IO,
}
"""Officer of the case who is reminded of a step, for every step that needs our officers."""
LAST_TO_BE_ROUTED: Final = frozenset(Step) - {Step.COLLECTING, Step.APPROVAL, Step.CREDIT, Step.BOND}
"""steps at which the route may still change; at approval only to a route with a missing earlier step"""
_OBJECTIONABLE: Final = frozenset(Step) - {Step.COLLECTING, Step.CREDIT, Step.BOND}

WAITS_FOR_APPEAL: Final = tuple(_OBJECTIONABLE - {Step.APPLICATION, Step.VERIFICATION})
"""steps of a verified restoration that an undecided appeal of a holder stops"""

ORDERS_OF: Final[Mapping[Step, frozenset[CourtOrderKind]]] = {
    Step.COURT_ORDER: frozenset({CourtOrderKind.BNSS_497, CourtOrderKind.BNSS_503, CourtOrderKind.WRIT}),
    Step.LOK_ADALAT_AWARD: frozenset({CourtOrderKind.LOK_ADALAT}),
    Step.DISTRIBUTION: frozenset({CourtOrderKind.BNSS_107}),
}
"""Kinds of court orders that end each of these steps."""
LEADS_TO: Final[Mapping[CourtOrderKind, Route]] = {
    CourtOrderKind.BNSS_497: Route.COURT,
    CourtOrderKind.BNSS_503: Route.COURT,
    CourtOrderKind.WRIT: Route.COURT,
    CourtOrderKind.LOK_ADALAT: Route.LOK_ADALAT,
    CourtOrderKind.BNSS_107: Route.MAGISTRATE_107,
}
"""Route of an order to restore. A seizure under BNSS 106 restores nothing, so it has none."""
ROUTES_OF_COURTS: Final = tuple(route for route in Route if set(STEPS[route]) & set(ORDERS_OF))
"""routes with a step that ends by an order"""
ENDS_BY: Final[Mapping[CourtOrderEffect, StepOutcome]] = {
    CourtOrderEffect.RESTORE: StepOutcome.DONE,
    CourtOrderEffect.REFUSE: StepOutcome.REFUSED,
}
"""Effect of an order on the step that waits for it. A release or a continued hold has none."""

_DESK: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})
_TAKERS: Final = _DESK | {Role.IO}


@dataclass(frozen=True)
class VerbRule:
    """Steps and roles of an action, and its effect."""

    steps: frozenset[Step]
    roles: frozenset[Role]
    outcome: StepOutcome | None = None
    """outcome of the step; None: the step continues"""
    closes: RestorationState | None = None
    """state of the restoration that the action ends"""


RULES: Final[Mapping[RestorationVerb, VerbRule]] = {
    RestorationVerb.RECEIVE_APPLICATION: VerbRule(frozenset({Step.APPLICATION}), _TAKERS, StepOutcome.DONE),
    RestorationVerb.VERIFY: VerbRule(frozenset({Step.VERIFICATION}), frozenset({Role.IO}), StepOutcome.DONE),
    RestorationVerb.SEND_BACK: VerbRule(
        _OBJECTIONABLE - {Step.APPLICATION}, frozenset({Role.IO, Role.DY_SP, Role.SP}), StepOutcome.SENT_BACK
    ),
    RestorationVerb.OBJECT: VerbRule(_OBJECTIONABLE, _TAKERS),
    RestorationVerb.DECIDE_OBJECTION: VerbRule(_OBJECTIONABLE, frozenset({Role.DY_SP, Role.SP})),
    RestorationVerb.WAIVE_NOTICE: VerbRule(frozenset({Step.HOLDER_NOTICE}), frozenset({Role.IO, Role.DY_SP})),
    RestorationVerb.TAKE_ORDER: VerbRule(frozenset(ORDERS_OF), frozenset({Role.IO, Role.DY_SP}), StepOutcome.DONE),
    RestorationVerb.PREPARE: VerbRule(frozenset({Step.APPROVAL}), frozenset({Role.IO, Role.DY_SP})),
    RestorationVerb.APPROVE: VerbRule(frozenset({Step.APPROVAL}), frozenset({Role.SP}), StepOutcome.DONE),
    RestorationVerb.REFUSE: VerbRule(
        _OBJECTIONABLE, frozenset({Role.SP}), StepOutcome.REFUSED, RestorationState.REFUSED
    ),
    RestorationVerb.RECEIVE_BOND: VerbRule(frozenset({Step.BOND}), _TAKERS, StepOutcome.DONE),
    RestorationVerb.CANCEL: VerbRule(
        frozenset(Step) - {Step.CREDIT},
        frozenset({Role.SUPERVISOR, Role.ADMIN}),
        StepOutcome.CANCELLED,
        RestorationState.CANCELLED,
    ),
}
"""`credit` has no `cancel`, because orders at the banks are cancelled one by one.

The days to show cause are set by law (BNSS 107), so that step has no waiver.
"""

REOPENED: Final = frozenset({RestorationState.REFUSED, RestorationState.CANCELLED})
"""states that an officer can reopen; of a restored one only the excluded part"""
REOPENERS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.SP})

CREDIT_ACCOUNT_CONFIRMERS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.DY_SP, Role.SP})
"""who confirms, as the second officer, another account to be credited"""

RELEASED_FOR: Final = frozenset({ObjectionBy.HOLDER, ObjectionBy.BANK})
"""parties whose upheld objection releases the money; no other objection says that it is the holder's"""

_USUALLY_BACK_TO: Final[Mapping[Step, Step]] = {Step.VERIFICATION: Step.APPLICATION}
"""From every other step it returns to the verification by the IO."""


def steps_of(route: Route, bond_for: Collection[Route]) -> tuple[Step, ...]:
    """Return the steps of a route, in order."""
    return (*STEPS[route], Step.BOND) if route in bond_for else STEPS[route]


def next_step(route: Route, bond_for: Collection[Route], done: Collection[Step]) -> Step | None:
    """Return the first step of the route that is not done; None if all are done.

    A step that was sent back is not done. Later steps that were done stay done. A holder who was asked to show cause
    has had notice.
    """
    noticed = {Step.HOLDER_NOTICE} if Step.SHOW_CAUSE in done else set()
    return next((step for step in steps_of(route, bond_for) if step not in done and step not in noticed), None)


def done_steps(visits: Sequence[tuple[Step, StepOutcome | None]]) -> frozenset[Step]:
    """Return the steps that are done, from all visits of steps in the order of opening.

    A reopened step is not done until its latest visit is done. A new application must be verified again.
    """
    done: set[Step] = set()
    for step, outcome in visits:
        done.discard(step)
        if step is Step.APPLICATION:
            done.discard(Step.VERIFICATION)
        if outcome in {StepOutcome.DONE, StepOutcome.SKIPPED}:
            done.add(step)
    return frozenset(done)


def back_to(step: Step, to: Step | None, route: Route) -> Step | None:
    """Return the step to return to; None if `to` is not an earlier step with work for officers."""
    wanted = to or _USUALLY_BACK_TO.get(step, Step.VERIFICATION)
    before = STEPS[route][1 : STEPS[route].index(step)]
    return wanted if wanted in before else None


def choose_route(facts: RouteFacts, policy: RestorationPolicy) -> RoutePicked:
    """Return the legal route of the restoration, with its reasons."""
    if facts.order is not None and facts.order in LEADS_TO:
        return RoutePicked(route=LEADS_TO[facts.order], reasons=(RouteReason.COURT_ORDER_EXISTS,))
    if facts.victims >= policy.many_victims_min:
        return RoutePicked(route=Route.MAGISTRATE_107, reasons=(RouteReason.MANY_VICTIMS,))
    if facts.held_paise < policy.no_court_below_paise:
        return RoutePicked(route=Route.NO_COURT, reasons=(RouteReason.BELOW_THRESHOLD,))
    if facts.fir_registered:
        reasons = (RouteReason.AT_OR_ABOVE_THRESHOLD, RouteReason.FIR_REGISTERED)
        return RoutePicked(route=Route.COURT, reasons=reasons)
    return RoutePicked(route=Route.LOK_ADALAT, reasons=(RouteReason.AT_OR_ABOVE_THRESHOLD, RouteReason.NO_FIR))


def waits_for_order(route: Route) -> Step | None:
    """Return the step of a route that waits for a court order; None if the police decide alone."""
    return next((step for step in STEPS[route] if step in ORDERS_OF), None)


def is_paid_out(orders: Sequence[OrderState]) -> bool:
    """Return whether every order to a bank is confirmed or cancelled."""
    return bool(orders) and all(state in {OrderState.CONFIRMED, OrderState.CANCELLED} for state in orders)


def dues(state: StepState, policy: RestorationPolicy, at: datetime) -> tuple[DueAction, ...]:
    """Return the actions due at the open step, in order of time.

    An action without a time of its own is due at `at`.
    """
    at_once = _at_once(state)
    if at_once is not None:
        return (DueAction(what=at_once, at=at),)
    if state.due_at is None:
        return ()
    actions = []
    undisputed = state.step in OBJECTION_STEPS and not state.open_objections and not state.notice_waits
    if state.step is Step.COLLECTING or undisputed:
        actions.append(DueAction(what=ClockAction.END_STEP, at=state.due_at))
    if state.step is not Step.COLLECTING:
        escalation = open_dues(_escalation(policy.steps[state.step]), _reached(state), state.due_at)
        actions += [DueAction(what=due_level.level, at=due_level.at) for due_level in escalation]
    return tuple(sorted(actions, key=lambda due: due.at))


def _escalation(clock: StepClock) -> EscalationPolicy[ClockAction]:
    """Return when a step is reminded of and escalated, counted from its due time."""
    return EscalationPolicy(
        {
            ClockAction.REMIND: -timedelta(seconds=clock.remind_before_seconds),
            ClockAction.ESCALATE: timedelta(seconds=clock.escalate_after_seconds),
        }
    )


def _reached(state: StepState) -> set[ClockAction]:
    """Return what is done of a step's escalation; no reminder is due where no person acts."""
    done = {
        ClockAction.REMIND: state.reminded_at is not None or not state.somebody_acts,
        ClockAction.ESCALATE: state.escalated_at is not None,
    }
    return {action for action, is_done in done.items() if is_done}


def _at_once(state: StepState) -> ClockAction | None:
    """Return the first action that is due at once, or None."""
    step = state.step
    settled = step is Step.COLLECTING and state.case_state is CaseState.SETTLED
    rerouted = state.route is not state.picked.route
    if step not in LAST_TO_BE_ROUTED:
        # The amounts and the victims are known only after the division.
        rerouted = step is Step.APPROVAL and state.is_divided and rerouted and state.asks_for_more
    due = {
        ClockAction.WIND_UP: step not in {Step.CREDIT, Step.BOND} and not state.held_paise,
        ClockAction.END_STEP: settled or (step is Step.CREDIT and is_paid_out(state.orders)),
        ClockAction.DROP_ORDER: step is Step.APPROVAL and state.order_dropped,
        ClockAction.ROUTE: rerouted,
        ClockAction.TAKE_ORDER: step in ORDERS_OF and state.order_waiting and not state.open_objections,
        ClockAction.ALLOCATE: step is Step.APPROVAL and not state.is_divided,
    }
    return next((action for action, is_due in due.items() if is_due), None)
