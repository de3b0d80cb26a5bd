"""pacs.004: money that a bank has returned."""

from typing import Final

from adapters.banks.answers import UnreadableLine
from adapters.banks.iso20022.arrivals import ReturnedFunds, ReturnedTransfer
from adapters.banks.iso20022.document import Element
from adapters.banks.iso20022.errors import IncompleteMessage
from adapters.banks.iso20022.requests import needed
from adapters.banks.iso20022.values import (
    paise_of,
    parse_day,
    parse_moment,
    read_tagged,
    reference_of,
    split_case_id,
)

LINES_MAX: Final = 500
"""Most transactions in one message."""


def read_returned_funds(inside: Element) -> ReturnedFunds:
    """Read a pacs.004. Raises IncompleteMessage if it has no id, no transaction or too many."""
    transactions = list(inside.every("TxInf"))
    if not 1 <= len(transactions) <= LINES_MAX:
        raise IncompleteMessage("TxInf", f"must stand 1 to {LINES_MAX} times")
    return ReturnedFunds(
        message_id=needed(inside, "GrpHdr/MsgId"),
        created_at=parse_moment(inside.value("GrpHdr/CreDtTm")),
        lines=tuple(_line(number, transaction) for number, transaction in enumerate(transactions, 1)),
    )


def _line(line_no: int, transaction: Element) -> ReturnedTransfer | UnreadableLine:
    try:
        return _transfer(line_no, transaction)
    except IncompleteMessage as error:
        return UnreadableLine(
            line_no=line_no, field_name=error.where, reason=error.reason, raw={"TxInf": transaction.as_json()}
        )


def _transfer(line_no: int, transaction: Element) -> ReturnedTransfer:
    reference = reference_of(transaction)
    if not reference:
        raise IncompleteMessage("OrgnlTxId", "is missing")
    returned = transaction.first("RtrdIntrBkSttlmAmt")
    if returned is None:
        raise IncompleteMessage("RtrdIntrBkSttlmAmt", "is missing")
    original = transaction.first("OrgnlIntrBkSttlmAmt")
    tags = read_tagged(transaction.every("RtrRsnInf/AddtlInf"))
    ack_no, job_id = split_case_id(tags.pop("CASE", ""))
    return ReturnedTransfer(
        line_no=line_no,
        reference=reference,
        returned_paise=paise_of(returned, "RtrdIntrBkSttlmAmt"),
        transfer_paise=None if original is None else paise_of(original, "OrgnlIntrBkSttlmAmt"),
        settled_on=parse_day(transaction.value("IntrBkSttlmDt")),
        return_id=transaction.value("RtrId"),
        reason_code=transaction.value("RtrRsnInf/Rsn/Cd") or transaction.value("RtrRsnInf/Rsn/Prtry"),
        ack_no=ack_no,
        job_id=job_id,
        remarks=" ".join(tags.values()),
    )
