"""The way of a victim's money home: the steps of each route, which route, what a verb does, what falls due when."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.escalation import EscalationPolicy, open_dues
from schemas.enums import CaseState, Role
from schemas.outbox.procedures import Due, RestorationPolicy, StepClock
from schemas.police import CaseDuty
from schemas.restoration.restorations import Errand, RestorationVerb, RouteFacts, RoutePicked, StepStanding
from schemas.restoration_enums import (
    CourtOrderEffect,
    CourtOrderKind,
    ObjectionBy,
    OrderState,
    RestorationState,
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
"""In order; an indemnity bond follows where the policy asks the route for one."""

HEARINGS: Final = frozenset({Step.HOLDER_NOTICE, Step.SHOW_CAUSE})
"""where the account holder is heard: they end by themselves when nobody objects"""
BY_OTHERS: Final = frozenset({Step.COLLECTING, Step.HOLDER_NOTICE, Step.CREDIT})
"""no officer of ours is asked to do anything: the trail, the account holder or the bank is waited for"""
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
"""Which officer of the case is reminded of a step, for every step that officers of ours are asked for."""
LAST_TO_BE_ROUTED: Final = frozenset(Step) - {Step.COLLECTING, Step.APPROVAL, Step.CREDIT, Step.BOND}
"""while one of these is open another route may still be picked; at the approval only one that asks for more"""
_OBJECTIONABLE: Final = frozenset(Step) - {Step.COLLECTING, Step.CREDIT, Step.BOND}

ORDERS_OF: Final[Mapping[Step, frozenset[CourtOrderKind]]] = {
    Step.COURT_ORDER: frozenset({CourtOrderKind.BNSS_497, CourtOrderKind.BNSS_503, CourtOrderKind.WRIT}),
    Step.LOK_ADALAT_AWARD: frozenset({CourtOrderKind.LOK_ADALAT}),
    Step.DISTRIBUTION: frozenset({CourtOrderKind.BNSS_107}),
}
"""The orders that each of these steps waits for."""
LEADS_TO: Final[Mapping[CourtOrderKind, Route]] = {
    CourtOrderKind.BNSS_497: Route.COURT,
    CourtOrderKind.BNSS_503: Route.COURT,
    CourtOrderKind.WRIT: Route.COURT,
    CourtOrderKind.LOK_ADALAT: Route.LOK_ADALAT,
    CourtOrderKind.BNSS_107: Route.MAGISTRATE_107,
}
"""The route that an order to restore stands for; a seizure under BNSS 106 restores nothing to anybody."""
ENDS_BY: Final[Mapping[CourtOrderEffect, StepOutcome]] = {
    CourtOrderEffect.RESTORE: StepOutcome.DONE,
    CourtOrderEffect.REFUSE: StepOutcome.REFUSED,
}
"""What an order does to the step that waits for it; a release or the keeping of a hold is not for the victim."""

_DESK: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})
_TAKERS: Final = _DESK | {Role.IO}


@dataclass(frozen=True)
class VerbRule:
    """At which steps who may do it, and what becomes of the step."""

    steps: frozenset[Step]
    roles: frozenset[Role]
    outcome: StepOutcome | None = None
    """how the step ends; None: it goes on"""
    closes: RestorationState | None = None
    """the restoration ends with it"""


RULES: Final[Mapping[RestorationVerb, VerbRule]] = {
    RestorationVerb.RECEIVE_APPLICATION: VerbRule(frozenset({Step.APPLICATION}), _TAKERS, StepOutcome.DONE),
    RestorationVerb.VERIFY: VerbRule(frozenset({Step.VERIFICATION}), frozenset({Role.IO}), StepOutcome.DONE),
    RestorationVerb.SEND_BACK: VerbRule(
        _OBJECTIONABLE - {Step.APPLICATION}, frozenset({Role.IO, Role.DY_SP, Role.SP}), StepOutcome.SENT_BACK
    ),
    RestorationVerb.OBJECT: VerbRule(_OBJECTIONABLE, _TAKERS),
    RestorationVerb.DECIDE_OBJECTION: VerbRule(_OBJECTIONABLE, frozenset({Role.DY_SP, Role.SP})),
    RestorationVerb.WAIVE_NOTICE: VerbRule(
        frozenset({Step.HOLDER_NOTICE}), frozenset({Role.IO, Role.DY_SP}), StepOutcome.SKIPPED
    ),
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
"""Orders that are with the banks are cancelled one by one, so `credit` has no `cancel`. The days to show cause are the
law's (BNSS 107): nobody waives them."""

REOPENED: Final = frozenset({RestorationState.REFUSED, RestorationState.CANCELLED})
"""what an officer can have begun anew; of what is restored, only what it has left out"""
REOPENERS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.SP})

LETS_GO: Final = frozenset({ObjectionBy.HOLDER, ObjectionBy.BANK})
"""whose objection, once upheld, lets the money go; nobody else's says that it is the holder's"""

_USUALLY_BACK_TO: Final[Mapping[Step, Step]] = {Step.VERIFICATION: Step.APPLICATION}
"""From everywhere else it goes back to the IO."""


def steps_of(route: Route, bond_for: Collection[Route]) -> tuple[Step, ...]:
    """The steps of a route, in order."""
    return (*STEPS[route], Step.BOND) if route in bond_for else STEPS[route]


def next_step(route: Route, bond_for: Collection[Route], done: Collection[Step]) -> Step | None:
    """The first step of the route that is not done; None when all are.

    A step that was sent back is not done, those after it that were done stay so. Whoever was asked to show cause had
    notice.
    """
    heard = {Step.HOLDER_NOTICE} if Step.SHOW_CAUSE in done else set()
    return next((step for step in steps_of(route, bond_for) if step not in done and step not in heard), None)


def done_steps(turns: Sequence[tuple[Step, StepOutcome | None]]) -> frozenset[Step]:
    """The steps that are done, by the turns of all steps in the order in which they were opened.

    A step that was opened anew is not done until that turn is; a new application is verified anew.
    """
    done: set[Step] = set()
    for step, outcome in turns:
        done.discard(step)
        if step is Step.APPLICATION:
            done.discard(Step.VERIFICATION)
        if outcome in {StepOutcome.DONE, StepOutcome.SKIPPED}:
            done.add(step)
    return frozenset(done)


def back_to(step: Step, to: Step | None, route: Route) -> Step | None:
    """Where a step is sent back to; None where `to` is not a step before it that people work on."""
    wanted = to or _USUALLY_BACK_TO.get(step, Step.VERIFICATION)
    before = STEPS[route][1 : STEPS[route].index(step)]
    return wanted if wanted in before else None


def choose_route(facts: RouteFacts, policy: RestorationPolicy) -> RoutePicked:
    """By which law the money goes back, and why."""
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
    """The step of a route that waits for an order; None where the police decide alone."""
    return next((step for step in STEPS[route] if step in ORDERS_OF), None)


def is_paid_out(orders: Sequence[OrderState]) -> bool:
    """Whether every order to a bank has come to its end."""
    return bool(orders) and all(state in {OrderState.CONFIRMED, OrderState.CANCELLED} for state in orders)


def dues(standing: StepStanding, policy: RestorationPolicy, at: datetime) -> tuple[Due, ...]:
    """What falls due at the open step, in order of time; what is due without a time of its own is due `at` once."""
    at_once = _at_once(standing)
    if at_once is not None:
        return (Due(what=at_once, at=at),)
    if standing.due_at is None:
        return ()
    found = []
    is_heard = standing.step in HEARINGS and not standing.open_objections and not standing.notice_waits
    if standing.step is Step.COLLECTING or is_heard:
        found.append(Due(what=Errand.END_STEP, at=standing.due_at))
    if standing.step is not Step.COLLECTING:
        escalation = open_dues(_escalation(policy.steps[standing.step]), _reached(standing), standing.due_at)
        found += [Due(what=one.level, at=one.at) for one in escalation]
    return tuple(sorted(found, key=lambda due: due.at))


def _escalation(clock: StepClock) -> EscalationPolicy[Errand]:
    """Return when a step is reminded of and escalated, counted from its due time."""
    return EscalationPolicy(
        {
            Errand.REMIND: -timedelta(seconds=clock.remind_before_seconds),
            Errand.ESCALATE: timedelta(seconds=clock.escalate_after_seconds),
        }
    )


def _reached(standing: StepStanding) -> set[Errand]:
    """Return what is done of a step's escalation; no reminder is due where no person acts."""
    done = {
        Errand.REMIND: standing.reminded_at is not None or not standing.somebody_acts,
        Errand.ESCALATE: standing.escalated_at is not None,
    }
    return {errand for errand, is_done in done.items() if is_done}


def _at_once(standing: StepStanding) -> Errand | None:
    """What waits for nobody: the first of these that is so."""
    step = standing.step
    settled = step is Step.COLLECTING and standing.case_state is CaseState.SETTLED
    rerouted = standing.route is not standing.picked.route
    if step not in LAST_TO_BE_ROUTED:
        # How much goes home, and whose it is, is known only when it is divided.
        rerouted = step is Step.APPROVAL and standing.is_divided and rerouted and standing.asks_for_more
    so = {
        Errand.WIND_UP: step not in {Step.CREDIT, Step.BOND} and not standing.held_paise,
        Errand.END_STEP: settled or (step is Step.CREDIT and is_paid_out(standing.orders)),
        Errand.DROP_ORDER: step is Step.APPROVAL and standing.order_dropped,
        Errand.ROUTE: rerouted,
        Errand.TAKE_ORDER: step in ORDERS_OF and standing.order_waiting and not standing.open_objections,
        Errand.ALLOCATE: step is Step.APPROVAL and not standing.is_divided,
    }
    return next((errand for errand, is_so in so.items() if is_so), None)
