"""Transfers that two complainants claim, and the decision of two officers on who paid."""

from typing import Annotated

from pydantic import StringConstraints

from schemas.base import FrozenModel, UtcDatetime, WithReason
from schemas.identifiers import ACK_NO_PATTERN

ComplaintNo = Annotated[str, StringConstraints(pattern=ACK_NO_PATTERN.pattern)]


class NewPayerDecision(WithReason):
    """Complaint that is right about the payer, as one officer proposes. A second officer agrees."""

    ack_no: ComplaintNo


class SeenPayerDecision(FrozenModel):
    """Complaint that is right, as the second officer finds. It must equal the proposed one."""

    ack_no: ComplaintNo


class PayerClaim(FrozenModel):
    """The payer that a complaint names, with the account masked."""

    ack_no: str
    received_at: UtcDatetime
    payer_institution: str
    account_end: str
    """last four characters of the payer's account"""
    stands: bool
    """whether the money belongs to this complaint now"""


class PayerDecision(FrozenModel):
    """A proposed decision, and the agreement if there is one."""

    decision_id: int
    ack_no: str
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    agreed_by: str | None
    agreed_at: UtcDatetime | None
    given_to: str | None = None
    """complaint of the same victim that owns the money, if the one that is right is in another case"""


class ContestedTransfer(FrozenModel):
    """A victim's transfer with the payer that each complaint names, and the decisions."""

    hop_no: int
    undecided: bool
    """whether a restoration of its money waits for a decision"""
    bank_differs: bool = False
    """whether the newest statement of the victim's bank names another debited account"""
    ordered: bool = False
    """whether a bank is ordered to credit its money, or has credited it, while a decision waits"""
    claims: tuple[PayerClaim, ...]
    decisions: tuple[PayerDecision, ...]


class ContestedTransfers(FrozenModel):
    """The transfers of a case whose payer complaints tell differently (the first 100)."""

    transfers: tuple[ContestedTransfer, ...]
