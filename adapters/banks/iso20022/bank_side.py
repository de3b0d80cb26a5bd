"""Bank → police: encoder of the messages that a bank, or a test of one, sends to us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.banks.iso20022.document import Element, Message, node
from adapters.banks.iso20022.encode import agent, checked
from adapters.banks.iso20022.values import (
    ACCEPTED,
    FOLLOWING_REQUEST,
    PARTIAL,
    PENDING,
    REJECTED,
    amount,
    day,
    moment,
    tagged,
)

_RECEIVER = "Police"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStatus:
    """A bank's answer about one transfer. `status` is ACCR, RJCR or PDCR.

    `held_paise` is the amount on hold, or None if not given. `transaction` is the bank's own reference of the hold.
    """

    reference: str
    status: str
    held_paise: int | None = None
    transfer_paise: int | None = None
    reason: str = ""
    note: str = ""
    transaction: str = ""
    held_on: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """One transfer whose money is returned, fully or partly."""

    reference: str
    returned_paise: int
    transfer_paise: int | None = None
    settled_on: datetime | None = None
    return_id: str = ""
    reason: str = FOLLOWING_REQUEST


def encode_resolution(
    bank_code: str, message_id: UUID, case: str, statuses: Sequence[TransferStatus], *, created_at: datetime
) -> bytes:
    """Return the camt.029 of `bank_code` about `case`, the case id of our request. Raises InvalidMessage."""
    party = node("Pty", node("Nm", _RECEIVER))
    inside = node(
        Message.RESOLUTION.root_name,
        node(
            "Assgnmt",
            node("Id", message_id.hex),
            node("Assgnr", agent("Agt", bank_code)),
            node("Assgne", party),
            node("CreDtTm", moment(created_at)),
        ),
        node("RslvdCase", node("Id", case), node("Cretr", party)),
        node("Sts", node("Conf", _confirmation(statuses))),
        node("CxlDtls", *(_status(status) for status in statuses)),
    )
    return checked(Message.RESOLUTION, inside)


def _confirmation(statuses: Sequence[TransferStatus]) -> str:
    statuses_given = {status.status for status in statuses}
    if statuses_given == {ACCEPTED} and all(_whole(status) for status in statuses):
        return "CNCL"
    if statuses_given in ({REJECTED}, {PENDING}):
        return statuses_given.pop()
    return PARTIAL


def _whole(status: TransferStatus) -> bool:
    return status.held_paise is None or status.held_paise == status.transfer_paise


def _status(status: TransferStatus) -> Element:
    reason = node("Rsn", node("Cd", status.reason)) if status.reason else None
    notes = list(tagged(NOTE=status.note))
    held = status.held_paise is not None or status.transaction or status.held_on
    return node(
        "TxInfAndSts",
        node("OrgnlEndToEndId", status.reference),
        node("OrgnlTxId", status.reference),
        node("TxCxlSts", status.status),
        node("CxlStsRsnInf", reason, *notes) if reason or notes else None,
        node(
            "RsltnRltdInf",
            node("TxId", status.transaction) if status.transaction else None,
            _optional_amount("IntrBkSttlmAmt", status.held_paise),
            node("IntrBkSttlmDt", day(status.held_on)) if status.held_on else None,
        )
        if held
        else None,
        _optional_amount("OrgnlIntrBkSttlmAmt", status.transfer_paise),
    )


def encode_return(
    bank_code: str, message_id: UUID, case: str, returns: Sequence[Return], *, created_at: datetime
) -> bytes:
    """Return the pacs.004 of `bank_code`. Raises InvalidMessage.

    `case` is the case id of our request, or "" without one.
    """
    inside = node(
        Message.FUNDS_RETURNED.root_name,
        node(
            "GrpHdr",
            node("MsgId", message_id.hex),
            node("CreDtTm", moment(created_at)),
            node("NbOfTxs", str(len(returns))),
            node("SttlmInf", node("SttlmMtd", "CLRG")),
            agent("InstgAgt", bank_code),
        ),
        *(_return(returned, case) for returned in returns),
    )
    return checked(Message.FUNDS_RETURNED, inside)


def _return(returned: Return, case: str) -> Element:
    return node(
        "TxInf",
        node("RtrId", returned.return_id) if returned.return_id else None,
        node("OrgnlEndToEndId", returned.reference),
        node("OrgnlTxId", returned.reference),
        _optional_amount("OrgnlIntrBkSttlmAmt", returned.transfer_paise),
        amount("RtrdIntrBkSttlmAmt", returned.returned_paise),
        node("IntrBkSttlmDt", day(returned.settled_on)) if returned.settled_on else None,
        node("RtrRsnInf", node("Rsn", node("Cd", returned.reason)), *tagged(CASE=case)),
    )


def _optional_amount(name: str, amount_paise: int | None) -> Element | None:
    return None if amount_paise is None else amount(name, amount_paise)
