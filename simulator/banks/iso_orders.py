"""Orders in ISO 20022 as a bank's own software has them: camt.056 in; a credit by pacs.004, a lift by camt.029 out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulator.banks.orders import Done, Kind, Order, OrderLine
from simulator.clock import IST
from simulator.wires.i4c import TicketError, paise
from simulator.wires.iso_messages import amount, document, financial_institution, read_xml, resolution, said_of

_KINDS: Final[Mapping[str, Kind]] = {"RESTORE": "restore", "RELEASE": "release"}
TAKEN_BACK: Final = "RECALL"


def read_iso_order(text: bytes) -> tuple[Order, str] | None:
    """An order and its case id; None for any other message. Raises TicketError for an order that cannot be read."""
    try:
        request = read_xml(text).find(".//{*}FIToFIPmtCxlReq")
    except TicketError:
        return None
    if request is None:
        return None
    transactions = request.findall("{*}Undrlyg/{*}TxInf")
    kinds = {_KINDS.get(found.findtext("{*}CxlRsnInf/{*}Rsn/{*}Prtry", "")) for found in transactions}
    kind = next(iter(kinds), None)
    if kind is None or len(kinds) != 1:
        return None
    case = request.findtext("{*}Case/{*}Id", "")
    lines = tuple(_line(found) for found in transactions)
    order_id = _order_id(request.findtext("{*}Assgnmt/{*}Id", ""))
    return Order(order_id, kind, case.partition("-")[0], lines), case


def read_iso_cancelled(text: bytes) -> tuple[str, str] | None:
    """The order that a message takes back, and the case id of that; None for any other message. Raises TicketError."""
    try:
        request = read_xml(text).find(".//{*}FIToFIPmtCxlReq")
    except TicketError:
        return None
    transaction = request.find("{*}Undrlyg/{*}TxInf") if request is not None else None
    if request is None or transaction is None:
        return None
    if transaction.findtext("{*}CxlRsnInf/{*}Rsn/{*}Prtry", "") != TAKEN_BACK:
        return None
    return _order_id(said_of(transaction).get("ORDER", "")), request.findtext("{*}Case/{*}Id", "")


def _order_id(text: str) -> str:
    """The id as every other channel writes it: in a file it has no hyphens, and it is the same order all the same."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise TicketError("the order's id is none of the police's") from error


def write_stopped(bank: str, case: str) -> bytes:
    """That the bank does an order no more, under the case id of its cancellation."""
    return resolution(bank, case, "CNCL", "<TxInfAndSts><TxCxlSts>ACCR</TxCxlSts></TxInfAndSts>")


def _line(transaction: ElementTree.Element) -> OrderLine:
    said = said_of(transaction)
    try:
        number, amount_paise = int(said["LINE"]), paise(said["AMNT"].removeprefix("INR"))
    except (KeyError, ValueError) as error:
        raise TicketError("a line of the order has no number or no amount") from error
    return OrderLine(
        number, amount_paise, transaction.findtext("{*}OrgnlTxId", ""), said.get("TOACC", ""), said.get("TOBNK", "")
    )


def write_done(bank: str, order: Order, case: str, done: Sequence[Done]) -> bytes:
    """What the bank has done of an order: returned money, or holds that were lifted."""
    references = {line.line_no: line.reference for line in order.lines}
    told = [(escape(references[one.line_no]), one) for one in done]
    return _returned(bank, case, told) if order.kind == "restore" else _lifted(bank, case, told)


def _returned(bank: str, case: str, told: Sequence[tuple[str, Done]]) -> bytes:
    now = datetime.now(UTC)
    lines = "".join(
        f"<TxInf><RtrId>{escape(one.reference)}</RtrId><OrgnlEndToEndId>{rrn}</OrgnlEndToEndId>"
        f"<OrgnlTxId>{rrn}</OrgnlTxId>{amount('RtrdIntrBkSttlmAmt', one.amount_paise)}"
        f"<IntrBkSttlmDt>{now.astimezone(IST):%Y-%m-%d}</IntrBkSttlmDt>"
        f"<RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn><AddtlInf>/CASE/{escape(case)}</AddtlInf></RtrRsnInf></TxInf>"
        for rrn, one in told
    )
    head = (
        f"<GrpHdr><MsgId>{uuid4().hex}</MsgId><CreDtTm>{now:%Y-%m-%dT%H:%M:%SZ}</CreDtTm>"
        f"<NbOfTxs>{len(told)}</NbOfTxs><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>"
        f"<InstgAgt>{financial_institution(bank)}</InstgAgt></GrpHdr>"
    )
    return document("pacs.004.001.09", f"<PmtRtr>{head}{lines}</PmtRtr>")


def _lifted(bank: str, case: str, told: Sequence[tuple[str, Done]]) -> bytes:
    lines = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{rrn}</OrgnlEndToEndId><OrgnlTxId>{rrn}</OrgnlTxId><TxCxlSts>ACCR</TxCxlSts>"
        f"<RsltnRltdInf><TxId>{escape(one.reference)}</TxId>{amount('IntrBkSttlmAmt', one.amount_paise)}"
        "</RsltnRltdInf></TxInfAndSts>"
        for rrn, one in told
    )
    return resolution(bank, case, "CNCL", lines)
