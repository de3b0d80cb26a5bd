"""Steps of officers: orders of courts, withdrawals, and statutory duties."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, time, timedelta
from typing import Final

from domain.case.ledger import move_between
from domain.case.requests import EscalationPolicy, open_dues
from domain.policy.officers import CourtOrderRules
from domain.policy.restoration import DutyRule
from domain.recovery.procedure import CREDIT_ACCOUNT_CONFIRMERS, ORDERS_OF, RULES
from schemas.base import FrozenModel
from schemas.case.answers import Entry
from schemas.enums import Bucket, Role
from schemas.procedures import DueAction
from schemas.recovery.court_orders import CourtDayStanding, CourtOrder, Duty, DutyAction
from schemas.recovery.officer_steps import OfficerAct
from schemas.restoration_enums import CourtOrderEffect, DutyKind, RestorationVerb, Step
from schemas.text import IST

WAITS_FOR: Final[Mapping[Step, OfficerAct]] = {
    Step.APPLICATION: OfficerAct.RECEIVE_APPLICATION,
    Step.VERIFICATION: OfficerAct.VERIFY,
    Step.HOLDER_NOTICE: OfficerAct.WAIVE_NOTICE,
    **dict.fromkeys(ORDERS_OF, OfficerAct.TAKE_ORDER),
    Step.APPROVAL: OfficerAct.PREPARE,
    Step.BOND: OfficerAct.RECEIVE_BOND,
}
"""The act that each step waits for. At `approval` it is the approval, once the restoration is prepared."""

OBJECTIONS_DECIDED_AT: Final = RULES[RestorationVerb.DECIDE_OBJECTION].steps
CREDIT_ACCOUNTS_CONFIRMED_AT: Final = frozenset(Step) - {Step.CREDIT, Step.BOND}
"""steps before the banks have their orders"""

_ROLES: Final[Mapping[OfficerAct, AbstractSet[Role]]] = {
    OfficerAct.CONFIRM_CREDIT_ACCOUNT: CREDIT_ACCOUNT_CONFIRMERS,
    **{act: RULES[RestorationVerb(act.value)].roles for act in OfficerAct if act.value in set(RestorationVerb)},
}


def acts_of(roles: AbstractSet[Role]) -> tuple[OfficerAct, ...]:
    """Return the acts that officers of these roles do."""
    return tuple(act for act in OfficerAct if _ROLES[act] & roles)


def counts_until(order: CourtOrder, rules: CourtOrderRules, at: datetime, clock_factor: float) -> datetime | None:
    """Return when the order ends by itself as it stands at `at`, or None if it has no end.

    It is void without its document after some days, and without its second officer after some more. A keep of a hold
    ends on the day that the order names, else after the policy's time.
    """
    if order.confirmed_at is None:
        seconds = rules.without_document_seconds if order.document_digest is None else rules.confirm_within_seconds
        return at + timedelta(seconds=seconds / clock_factor)
    if order.effect is not CourtOrderEffect.KEEP_HOLD:
        return None
    if order.ends_on is not None:
        return datetime.combine(order.ends_on + timedelta(days=1), time.min, IST)
    return at + timedelta(seconds=rules.keep_seconds / clock_factor)


def warns_at(order: CourtOrder, rules: CourtOrderRules, clock_factor: float) -> datetime | None:
    """Return when a supervisor is warned of the end of a keep.

    None if it is warned of or has no end.
    """
    if not order.counts or order.counts_until is None or order.warned_at is not None:
        return None
    return order.counts_until - timedelta(seconds=rules.warn_before_seconds / clock_factor)


def day_standing(*, waits: bool, has_order: bool, counts: bool) -> CourtDayStanding:
    """Return how far the order about a restoration has come.

    `waits`: the restoration is at a step that ends by an order.
    """
    if not waits:
        return CourtDayStanding.TAKEN
    if not has_order:
        return CourtDayStanding.WAITS
    return CourtDayStanding.IN_FORCE if counts else CourtDayStanding.RECORDED


class UnplacedMoney(FrozenModel):
    """Money of a withdrawn hop that no bank has placed (paise)."""

    hop_no: int
    root_no: int
    """the transfer of the complaint from which the money came"""
    in_play_paise: int
    refused_paise: int
    untraced_paise: int
    arrived_paise: int
    """the part of it that a bank has confirmed as arrived"""
    proposed_paise: int = 0
    """the part of the root that no officer has accepted as lost; it leaves before the loss"""


def withdrawal_entries(hops: Sequence[UnplacedMoney]) -> list[Entry]:
    """Return the entries by which unconfirmed money leaves the loss, and no money stays in play.

    Money that arrived at an account, and was still looked for there, becomes untraced.
    """
    entries: list[Entry] = []
    proposed = {hop.root_no: hop.proposed_paise for hop in hops}
    for hop in hops:
        unplaced = {
            Bucket.IN_PLAY: hop.in_play_paise,
            Bucket.REFUSED: hop.refused_paise,
            Bucket.UNTRACED: hop.untraced_paise,
        }
        leaves_paise = max(sum(unplaced.values()) - hop.arrived_paise, 0)
        for bucket, there_paise in unplaced.items():
            paise = min(leaves_paise, there_paise)
            if paise:
                entries.append(Entry(hop_no=hop.hop_no, bucket=bucket, amount_paise=-paise))
                outside_paise = min(paise, proposed[hop.root_no])
                proposed[hop.root_no] -= outside_paise
                parts = {Bucket.PROPOSED: outside_paise, Bucket.LOST: paise - outside_paise}
                entries += [Entry(hop_no=hop.root_no, bucket=b, amount_paise=p) for b, p in parts.items() if p]
            leaves_paise -= paise
            if bucket is Bucket.IN_PLAY and paise < there_paise:
                entries += move_between(hop.hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, there_paise - paise)
    return entries


_SEPARATOR = ":"


def duty_policy(rule: DutyRule, clock_factor: float) -> EscalationPolicy[DutyAction]:
    """Return when a duty is reminded of and escalated, counted from its due time."""
    return EscalationPolicy(
        {
            DutyAction.REMIND: -timedelta(seconds=rule.remind_before_seconds / clock_factor),
            DutyAction.ESCALATE: timedelta(seconds=rule.escalate_after_seconds / clock_factor),
        }
    )


def duty_dues(duty: Duty) -> list[DueAction]:
    """Return what is due of the duty by itself; nothing once it is done."""
    if duty.done_at is not None:
        return []
    steps = {DutyAction.REMIND: duty.remind_at - duty.due_at}
    if duty.kind is DutyKind.FIR_SIGNATURE:
        # The report lapses at its due time, and the duty with it: nothing is left to escalate.
        steps[DutyAction.LAPSE] = timedelta(0)
    else:
        steps[DutyAction.ESCALATE] = duty.escalate_at - duty.due_at
    due_levels = open_dues(EscalationPolicy(steps), _reached(duty), duty.due_at)
    return [DueAction(what=what_of(due_level.level, duty.kind), at=due_level.at) for due_level in due_levels]


def _reached(duty: Duty) -> set[DutyAction]:
    times: dict[DutyAction, datetime | None] = {
        DutyAction.REMIND: duty.reminded_at,
        DutyAction.ESCALATE: duty.escalated_at,
    }
    return {action for action, at in times.items() if at is not None}


def what_of(action: DutyAction, kind: DutyKind) -> str:
    """Return the name of a due of a duty, as `remind:follow_up`."""
    return f"{action}{_SEPARATOR}{kind}"


def read_what(what: str) -> tuple[DutyAction, DutyKind]:
    """Return action and kind from the name of a due."""
    action, _, kind = what.partition(_SEPARATOR)
    return DutyAction(action), DutyKind(kind)
