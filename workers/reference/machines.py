"""The states of rows, and the changes between them. A test compares the states with the enums and the checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from db.proposals import Decision
from schemas.enums import HopState, RequestState
from schemas.recovery.due_documents import DueDocumentState
from schemas.restoration_enums import FirState, GrievanceState, OrderState, RestorationState

START: Final = "[*]"


@dataclass(frozen=True)
class Change:
    """One change of state, and what brings it about."""

    before: str
    after: str
    by: str


@dataclass(frozen=True)
class Machine:
    """The states of one kind of row."""

    title: str
    table: str
    states: type[StrEnum]
    written_in: str
    """the files that write the state"""
    changes: tuple[Change, ...]
    column: str = "state"


def _from_each(befores: Sequence[StrEnum], after: StrEnum, by: str) -> tuple[Change, ...]:
    return tuple(Change(before, after, by) for before in befores)


_PARKED: Final = (HopState.CORRECTION, HopState.UNROUTABLE)
_HOP: Final = Machine(
    "Hop",
    "hop",
    HopState,
    "`domain/case/trail.py`, `db/case/hops.py`, `activities/case/`",
    (
        Change(START, HopState.OPEN, "institution and reference are known"),
        Change(START, HopState.CORRECTION, "no usable reference"),
        Change(START, HopState.UNROUTABLE, "institution not in the directory"),
        Change(HopState.OPEN, HopState.ASKED, "hold request written"),
        Change(HopState.ASKED, HopState.OPEN, "corrected, sent again, or its amount grew"),
        *_from_each((HopState.OPEN, HopState.ASKED), HopState.CORRECTION, "bank refuses with a correction code"),
        Change(HopState.CORRECTION, HopState.OPEN, "desk corrects the reference"),
        Change(HopState.UNROUTABLE, HopState.OPEN, "desk names the institution, or the directory learns it"),
        Change(HopState.UNROUTABLE, HopState.CORRECTION, "institution named, reference missing"),
        *_from_each((HopState.OPEN, HopState.ASKED), HopState.CLOSED, "nothing is in play any more"),
        *_from_each(_PARKED, HopState.CLOSED, "written off after 90 days, or nothing is in play any more"),
        *_from_each((HopState.CLOSED,), HopState.OPEN, "a resolution or a larger transfer puts money back in play"),
    ),
)
_LIVE_REQUEST: Final = (RequestState.SENDING, RequestState.DELIVERED, RequestState.REFUSED)
_REQUEST: Final = Machine(
    "Hold request",
    "hold_request",
    RequestState,
    "`db/case/requests.py`, SQL functions `request_plan` and `request_delivered`",
    (
        Change(START, RequestState.SENDING, "written with its hops, before the bank is called"),
        *_from_each((RequestState.SENDING, RequestState.REFUSED), RequestState.DELIVERED, "bank takes it"),
        Change(RequestState.SENDING, RequestState.REFUSED, "bank refuses it as a whole"),
        *_from_each(_LIVE_REQUEST, RequestState.ANSWERED, "no hop of it waits, and the bank has answered"),
        *_from_each(_LIVE_REQUEST, RequestState.STOPPED, "desk stops it, or the escalation gives up"),
        *_from_each(_LIVE_REQUEST, RequestState.SUPERSEDED, "its hops go out in another request, unanswered"),
    ),
)
_LIVE_ORDER: Final = (OrderState.PLANNED, OrderState.DELIVERED, OrderState.REFUSED)
_ORDER: Final = Machine(
    "Order to a bank",
    "bank_order",
    OrderState,
    "`db/recovery/bank_orders.py`, `activities/recovery/orders.py`",
    (
        Change(START, OrderState.PLANNED, "ordered"),
        Change(OrderState.PLANNED, OrderState.DELIVERED, "bank has it"),
        *_from_each((OrderState.PLANNED, OrderState.DELIVERED), OrderState.REFUSED, "bank refuses it"),
        *_from_each((OrderState.DELIVERED, OrderState.REFUSED), OrderState.PLANNED, "sent again"),
        *_from_each(_LIVE_ORDER, OrderState.CONFIRMED, "confirmed to the last paisa"),
        *_from_each(_LIVE_ORDER, OrderState.CANCELLED, "cancelled"),
    ),
)
_RESTORATION: Final = Machine(
    "Restoration",
    "restoration",
    RestorationState,
    "`activities/recovery/restoration_transitions.py`",
    (
        Change(START, RestorationState.OPEN, "first hold, or reopened as the next round"),
        Change(RestorationState.OPEN, RestorationState.RESTORED, "credited, and the bond received where one is due"),
        Change(RestorationState.OPEN, RestorationState.REFUSED, "refuse, or a court refuses all of it"),
        Change(RestorationState.OPEN, RestorationState.CANCELLED, "cancel, or nothing is on hold any more"),
    ),
)
_ENDS_GRIEVANCE: Final = {
    GrievanceState.UPHELD: "decide: the hold stays",
    GrievanceState.PART_RELEASED: "the proposed release of a part is confirmed",
    GrievanceState.RELEASED: "the proposed release of all that is free is confirmed",
    GrievanceState.WITHDRAWN: "withdraw",
    GrievanceState.OVERTAKEN: "nothing is on hold any more",
}
_GRIEVANCE: Final = Machine(
    "Grievance of an account holder",
    "grievance",
    GrievanceState,
    "`domain/recovery/grievances.py`, `activities/recovery/grievance_decisions.py`",
    (
        Change(START, GrievanceState.OPEN, "filed, at level `bank`"),
        Change(GrievanceState.OPEN, GrievanceState.OPEN, "decide: a release is proposed, and the victim is heard"),
        Change(GrievanceState.OPEN, GrievanceState.OPEN, "the hearing is over: it waits for the second officer"),
        *(Change(GrievanceState.OPEN, after, by) for after, by in _ENDS_GRIEVANCE.items()),
        *_from_each(
            (GrievanceState.UPHELD, GrievanceState.PART_RELEASED), GrievanceState.OPEN, "appeal-on, at the next level"
        ),
    ),
)
_PROPOSAL: Final = Machine(
    "Proposal of one person",
    "proposal",
    Decision,
    "`db/proposals.py`",
    (
        Change(START, Decision.AGREED, "another person agrees; below the sums of a release also the same officer"),
        Change(START, Decision.REFUSED, "refused or rejected"),
        Change(START, Decision.WITHDRAWN, "who proposed it withdraws it"),
        Change(START, Decision.EXPIRED, "its time was over at the next proposal"),
        Change(START, Decision.OVERTAKEN, "a newer proposal, or another act, takes its place"),
    ),
    "decision",
)
_FIR: Final = Machine(
    "First information report",
    "fir",
    FirState,
    "`db/case/firs.py`, `activities/recovery/firs.py`",
    (
        Change(START, FirState.REQUESTED, "loss reaches the e-Zero FIR threshold, or an officer asks"),
        Change(START, FirState.REGISTERED, "recorded by hand"),
        Change(FirState.REQUESTED, FirState.REGISTERED, "the register registers it"),
        Change(FirState.REQUESTED, FirState.REFUSED, "the register refuses it"),
        Change(FirState.REQUESTED, FirState.CANCELLED, "a report of another kind takes its place"),
        *_from_each((FirState.REGISTERED, FirState.LAPSED), FirState.SIGNED, "complainant signed in time"),
        Change(FirState.REGISTERED, FirState.LAPSED, "e-Zero FIR not signed within 72 hours"),
    ),
)
_NOT_ISSUED: Final = (
    DueDocumentState.WAITING,
    DueDocumentState.LACKING,
    DueDocumentState.READY,
    DueDocumentState.FAILED,
)
_ENDED: Final = (DueDocumentState.ISSUED, DueDocumentState.SERVED, DueDocumentState.OVERTAKEN)
_DOCUMENT: Final = Machine(
    "Due document",
    "due_document",
    DueDocumentState,
    "`activities/recovery/due_documents.py`, triggers (see [triggers.md](triggers.md))",
    (
        Change(START, DueDocumentState.WAITING, "a trigger asks for it"),
        *_from_each((DueDocumentState.WAITING,), DueDocumentState.LACKING, "its law asks for a missing field"),
        *_from_each((DueDocumentState.WAITING,), DueDocumentState.READY, "an officer can issue it"),
        *_from_each((DueDocumentState.WAITING,), DueDocumentState.FAILED, "a fault of ours"),
        *_from_each(
            (DueDocumentState.LACKING, DueDocumentState.READY, DueDocumentState.FAILED),
            DueDocumentState.WAITING,
            "looked at again",
        ),
        *_from_each(_NOT_ISSUED, DueDocumentState.ISSUED, "issued"),
        *_from_each(_NOT_ISSUED, DueDocumentState.SERVED, "an earlier document says it already"),
        *_from_each(_NOT_ISSUED, DueDocumentState.OVERTAKEN, "nothing is left to write about"),
        *_from_each(_ENDED, DueDocumentState.WAITING, "asked for again (lien notices and duties)"),
    ),
)
MACHINES: Final = (_HOP, _REQUEST, _ORDER, _RESTORATION, _GRIEVANCE, _PROPOSAL, _FIR, _DOCUMENT)
