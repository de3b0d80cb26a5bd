"""ISO 20022 orders in a bank's software: camt.056 in; credits by pacs.004 and releases by camt.029 out."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID, uuid4
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulator.banks.orders import Done, Kind, Order, OrderLine
from simulator.clock import IST, wall_clock
from simulator.wires.i4c import TicketError, paise
from simulator.wires.iso_messages import (
    additional_information,
    amount,
    document,
    financial_institution,
    read_xml,
    resolution,
)

_KINDS: Final[Mapping[str, Kind]] = {"RESTORE": "restore", "RELEASE": "release"}
CANCELLED: Final = "RECALL"


def read_iso_order(text: bytes) -> tuple[Order, str] | None:
    """Return an order and its case id, or None for another message. Raises TicketError for an unreadable order."""
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
    lines = tuple(_line_of_iso_orders(found) for found in transactions)
    order_id = _order_id(request.findtext("{*}Assgnmt/{*}Id", ""))
    return Order(order_id, kind, case.partition("-")[0], lines), case


def read_iso_cancelled(text: bytes) -> tuple[str, str] | None:
    """Return the order id and case id of a cancellation, or None for another message. Raises TicketError."""
    try:
        request = read_xml(text).find(".//{*}FIToFIPmtCxlReq")
    except TicketError:
        return None
    transaction = request.find("{*}Undrlyg/{*}TxInf") if request is not None else None
    if request is None or transaction is None:
        return None
    if transaction.findtext("{*}CxlRsnInf/{*}Rsn/{*}Prtry", "") != CANCELLED:
        return None
    return _order_id(additional_information(transaction).get("ORDER", "")), request.findtext("{*}Case/{*}Id", "")


def _order_id(text: str) -> str:
    """Return the id as every other channel writes it; files have it without hyphens."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise TicketError("the order's id is not one of the police") from error


def write_cancellation_acknowledged(bank: str, case: str) -> bytes:
    """Return a message by which the bank acknowledges a cancellation, with its case id."""
    return resolution(bank, case, "CNCL", "<TxInfAndSts><TxCxlSts>ACCR</TxCxlSts></TxInfAndSts>")


def _line_of_iso_orders(transaction: ElementTree.Element) -> OrderLine:
    said = additional_information(transaction)
    try:
        number, amount_paise = int(said["LINE"]), paise(said["AMNT"].removeprefix("INR"))
    except (KeyError, ValueError) as error:
        raise TicketError("a line of the order has no number or no amount") from error
    return OrderLine(
        number, amount_paise, transaction.findtext("{*}OrgnlTxId", ""), said.get("TOACC", ""), said.get("TOBNK", "")
    )


def write_done(bank: str, order: Order, case: str, done: Sequence[Done]) -> bytes:
    """Return a message about an executed order: money returned, or holds released."""
    references = {line.line_no: line.reference for line in order.lines}
    done_lines = [(escape(references[one.line_no]), one) for one in done]
    return _returned(bank, case, done_lines) if order.kind == "restore" else _lifted(bank, case, done_lines)


def _returned(bank: str, case: str, done_lines: Sequence[tuple[str, Done]]) -> bytes:
    now = wall_clock()
    lines = "".join(
        f"<TxInf><RtrId>{escape(one.reference)}</RtrId><OrgnlEndToEndId>{rrn}</OrgnlEndToEndId>"
        f"<OrgnlTxId>{rrn}</OrgnlTxId>{amount('RtrdIntrBkSttlmAmt', one.amount_paise)}"
        f"<IntrBkSttlmDt>{now.astimezone(IST):%Y-%m-%d}</IntrBkSttlmDt>"
        f"<RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn><AddtlInf>/CASE/{escape(case)}</AddtlInf></RtrRsnInf></TxInf>"
        for rrn, one in done_lines
    )
    head = (
        f"<GrpHdr><MsgId>{uuid4().hex}</MsgId><CreDtTm>{now:%Y-%m-%dT%H:%M:%SZ}</CreDtTm>"
        f"<NbOfTxs>{len(done_lines)}</NbOfTxs><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>"
        f"<InstgAgt>{financial_institution(bank)}</InstgAgt></GrpHdr>"
    )
    return document("pacs.004.001.09", f"<PmtRtr>{head}{lines}</PmtRtr>")


def _lifted(bank: str, case: str, done_lines: Sequence[tuple[str, Done]]) -> bytes:
    lines = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{rrn}</OrgnlEndToEndId><OrgnlTxId>{rrn}</OrgnlTxId><TxCxlSts>ACCR</TxCxlSts>"
        f"<RsltnRltdInf><TxId>{escape(one.reference)}</TxId>{amount('IntrBkSttlmAmt', one.amount_paise)}"
        "</RsltnRltdInf></TxInfAndSts>"
        for rrn, one in done_lines
    )
    return resolution(bank, case, "CNCL", lines)
