"""Complaints in the format of the officer API, and the result of each."""

from dataclasses import dataclass

from simulator.clock import Clock
from simulator.world.cases import ComplaintPlan, ReportedTransfer
from simulator.world.world import AccountPlan

UTR_MODES = ("neft", "rtgs")
Json = dict[str, object]


@dataclass(slots=True)
class ComplaintRecord:
    """Progress of a complaint; monotonic times in ns, 0 for what has not happened yet."""

    plan: ComplaintPlan
    due_ns: int = 0
    """time at which the day's plan sends it"""
    sent_ns: int = 0
    """time of the attempt that was answered, or of the last one"""
    answered_ns: int = 0
    attempts: int = 0
    status: int | None = None
    ack_no: str = ""
    case_ack_no: str = ""
    joined: bool = False
    flags: int = 0


def complaint_body(plan: ComplaintPlan, clock: Clock) -> Json:
    """Return the body of `POST /api/v1/complaints`."""
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
        "transfers": [_transfer(reported, clock) for reported in plan.transfers],
    }


def reference_field(reported: ReportedTransfer) -> str:
    """Return the field name for the reference number of this payment mode."""
    return "utr" if reported.move.mode in UTR_MODES else "rrn"


def _transfer(reported: ReportedTransfer, clock: Clock) -> Json:
    payee = _party(reported.payee, reported.bank)
    if reported.vpa is not None:
        payee = {"institution": reported.bank, "vpa": reported.vpa}
    return {
        "payer": _party(reported.payer, reported.payer.key.bank),
        "payee": payee,
        "amount_paise": reported.move.amount_paise,
        reference_field(reported): reported.reference,
        "mode": reported.move.mode,
        "transferred_at": clock.instant(reported.move.at).isoformat(),
    }


def _party(account: AccountPlan, bank: str) -> Json:
    if not account.ifsc:
        return {"institution": bank, "wallet": account.key.number}
    reported: Json = {"institution": bank, "account": account.key.number}
    return reported | ({"ifsc": account.ifsc} if account.key.bank == bank else {})


def correction_body(reported: ReportedTransfer) -> Json:
    """Return the body of a correction of this transfer, with the correct values."""
    body: Json = {"reason": "read again from the victim's statement"}
    if reported.reference != reported.move.rrn:
        body[reference_field(reported)] = reported.move.rrn
    if reported.bank != reported.payee.key.bank:
        body["payee"] = _party(reported.payee, reported.payee.key.bank)
    return body
