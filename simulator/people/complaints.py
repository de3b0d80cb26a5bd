"""Complaints as they go to the officer API, and what came of each."""

from dataclasses import dataclass

from simulator.clock import Clock
from simulator.world.cases import ComplaintPlan, Told
from simulator.world.world import AccountPlan

UTR_MODES = ("neft", "rtgs")
Json = dict[str, object]


@dataclass(slots=True)
class ComplaintRecord:
    """A complaint on its way; monotonic times in ns, 0 for what has not happened yet."""

    plan: ComplaintPlan
    sent_ns: int = 0
    """the attempt that was answered (or the last one)"""
    answered_ns: int = 0
    attempts: int = 0
    status: int | None = None
    ack_no: str = ""
    case_ack_no: str = ""
    joined: bool = False
    flags: int = 0


def complaint_body(plan: ComplaintPlan, clock: Clock) -> Json:
    """The body of `POST /api/v1/complaints`."""
    victim = plan.victim
    return {
        "channel": plan.channel,
        "category": plan.category,
        "victim": {
            "name": victim.name,
            "mobile": victim.mobile,
            "district": victim.district,
            "woman": victim.woman,
            "child": victim.child,
            "senior": victim.senior,
        },
        "transfers": [_transfer(told, clock) for told in plan.transfers],
    }


def reference_field(told: Told) -> str:
    """The name under which this rail's number is told."""
    return "utr" if told.move.mode in UTR_MODES else "rrn"


def _transfer(told: Told, clock: Clock) -> Json:
    payee = _party(told.payee, told.bank)
    if told.vpa is not None:
        payee = {"institution": told.bank, "vpa": told.vpa}
    return {
        "payer": _party(told.payer, told.payer.key.bank),
        "payee": payee,
        "amount_paise": told.move.amount_paise,
        reference_field(told): told.reference,
        "mode": told.move.mode,
        "transferred_at": clock.instant(told.move.at).isoformat(),
    }


def _party(account: AccountPlan, bank: str) -> Json:
    if not account.ifsc:
        return {"institution": bank, "wallet": account.key.number}
    told: Json = {"institution": bank, "account": account.key.number}
    return told | ({"ifsc": account.ifsc} if account.key.bank == bank else {})


def correction_body(told: Told) -> Json:
    """The body of a correction of this transfer: what was told wrongly, put right."""
    body: Json = {"reason": "read again from the victim's statement"}
    if told.reference != told.move.rrn:
        body[reference_field(told)] = told.move.rrn
    if told.bank != told.payee.key.bank:
        body["payee"] = _party(told.payee, told.payee.key.bank)
    return body
