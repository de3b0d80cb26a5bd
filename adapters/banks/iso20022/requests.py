"""Decoder of our requests on the bank's side.

A request is read completely or refused, because a bank must not act on half a ticket.
"""

import re
from typing import Final

from adapters.banks.iso20022.arrivals import AskedTransfer, CancellationRequest, StatusRequest
from adapters.banks.iso20022.document import Element
from adapters.banks.iso20022.errors import IncompleteMessage
from adapters.banks.iso20022.values import (
    CURRENCY,
    paise_of,
    parse_moment,
    parse_paise,
    read_tagged,
    reference_of,
    split_case_id,
)
from adapters.banks.protocol import INCIDENTS_MAX, PRIORITY_LAST

_BANK: Final = "FinInstnId/Othr/Id"
_LAYER: Final = re.compile(r"[1-9][0-9]{0,2}")
_PRIORITIES: Final = frozenset(str(priority) for priority in range(1, PRIORITY_LAST + 1))


def read_hold_request(inside: Element) -> CancellationRequest:
    """Read a camt.056. Raises IncompleteMessage, naming the element."""
    transactions = list(inside.every("Undrlyg/TxInf"))
    within("Undrlyg/TxInf", len(transactions))
    case, bank_code = case_and_agent(inside)
    first = transactions[0]
    tags = read_tagged(first.every("CxlRsnInf/AddtlInf"))
    return CancellationRequest(
        message_id=needed(inside, "Assgnmt/Id"),
        created_at=parse_moment(inside.value("Assgnmt/CreDtTm")),
        ack_no=split_case_id(case)[0],
        case_id=case,
        requestor=inside.value("Assgnmt/Assgnr/Pty/Nm"),
        bank_code=bank_code,
        category=tags.get("CATG", ""),
        reason_code=first.value("CxlRsnInf/Rsn/Cd"),
        priority=int(tags["PRIO"]) if tags.get("PRIO", "") in _PRIORITIES else None,
        respond_by=parse_moment(tags.get("REPLY", "")),
        transfers=tuple(_asked(number, transaction) for number, transaction in enumerate(transactions, 1)),
    )


def case_and_agent(inside: Element) -> tuple[str, str]:
    """Return the case id of a camt.056 and the code of the bank it is sent to.

    Raises IncompleteMessage if it names no case, or a wrong number of transactions.
    """
    count = inside.value("CtrlData/NbOfTxs")
    if count and count != str(len(list(inside.every("Undrlyg/TxInf")))):
        raise IncompleteMessage("CtrlData/NbOfTxs", "is not the number of transactions")
    return needed(inside, "Case/Id"), inside.value(f"Assgnmt/Assgne/Agt/{_BANK}")


def _asked(number: int, transaction: Element) -> AskedTransfer:
    where = f"Undrlyg/TxInf[{number}]"
    reference = reference_of(transaction)
    if not reference:
        raise IncompleteMessage(f"{where}/OrgnlTxId", "is missing")
    amount = transaction.first("OrgnlIntrBkSttlmAmt")
    if amount is None:
        raise IncompleteMessage(f"{where}/OrgnlIntrBkSttlmAmt", "is missing")
    amount_paise = paise_of(amount, f"{where}/OrgnlIntrBkSttlmAmt")
    if amount_paise == 0:
        raise IncompleteMessage(f"{where}/OrgnlIntrBkSttlmAmt", "is zero")
    tags = read_tagged(transaction.every("CxlRsnInf/AddtlInf"))
    transferred_at = parse_moment(tags.get("TIME", "")) or parse_moment(transaction.value("OrgnlIntrBkSttlmDt"))
    if transferred_at is None:
        raise IncompleteMessage(f"{where}/OrgnlIntrBkSttlmDt", "is missing")
    layer = tags.get("LAYER", "1")
    if not _LAYER.fullmatch(layer):
        raise IncompleteMessage(f"{where}/CxlRsnInf/AddtlInf", "the layer is not a number from 1 to 999")
    return AskedTransfer(
        reference=reference,
        amount_paise=amount_paise,
        disputed_paise=_disputed_paise(tags, amount_paise, where),
        layer=int(layer),
        transferred_at=transferred_at,
    )


def _disputed_paise(tags: dict[str, str], amount_paise: int, where: str) -> int:
    """Return the disputed part in paise; the whole transfer if no part is named."""
    if "DSPTD" not in tags:
        return amount_paise
    where = f"{where}/CxlRsnInf/AddtlInf"
    if not tags["DSPTD"].startswith(CURRENCY):
        raise IncompleteMessage(where, f"the disputed part is not in {CURRENCY}")
    disputed_paise = parse_paise(tags["DSPTD"].removeprefix(CURRENCY), where)
    if not 0 < disputed_paise <= amount_paise:
        raise IncompleteMessage(where, "the disputed part is zero or above the transfer")
    return disputed_paise


def read_status_request(inside: Element) -> StatusRequest:
    """Read a pacs.028. Raises IncompleteMessage, naming the element."""
    transactions = list(inside.every("TxInf"))
    within("TxInf", len(transactions))
    return StatusRequest(
        message_id=needed(inside, "GrpHdr/MsgId"),
        created_at=parse_moment(inside.value("GrpHdr/CreDtTm")),
        request_message_id=needed(inside, "OrgnlGrpInf/OrgnlMsgId"),
        bank_code=inside.value(f"GrpHdr/InstdAgt/{_BANK}"),
        references=tuple(reference_of(transaction) for transaction in transactions),
    )


def needed(inside: Element, path: str) -> str:
    """Return the text at `path`. Raises IncompleteMessage if it is empty."""
    text = inside.value(path)
    if not text:
        raise IncompleteMessage(path, "is missing")
    return text


def within(where: str, count: int) -> None:
    """Raise IncompleteMessage unless `count` is from 1 to the most that a ticket can have."""
    if not 1 <= count <= INCIDENTS_MAX:
        raise IncompleteMessage(where, f"must stand 1 to {INCIDENTS_MAX} times")
