"""Orders at a bank of the simulator: pages and ISO 20022.

Police orders at a bank, and how it executes each: when, in how many parts, and with which mistakes. Pure functions,
drawn from the seed. simulator/banks/paying.py receives the orders and reports their execution.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Final, Literal
from uuid import UUID, uuid4
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulator.clock import IST, chance, unit, wall_clock
from simulator.config import SimulatorConfig
from simulator.institutions import Institution
from simulator.net.http_client import HttpClient
from simulator.wires.i4c import TicketError, paise, rupees
from simulator.wires.letters import (
    HTTP_GONE,
    HTTP_OK,
    ReadCode,
    additional_information,
    amount,
    document,
    financial_institution,
    open_page,
    press,
    read_xml,
    resolution,
    send_form,
)

Json = dict[str, object]
Kind = Literal["restore", "release"]
WRONG_ACCOUNT = "00000000001"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """The open part of one line."""

    line_no: int
    amount_paise: int
    reference: str
    """reference of the transfer that brought the money"""
    account: str = ""
    """account to credit; empty if a hold is only released"""
    institution: str = ""
    """institution of that account"""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was read. `ack_no` is the case's number."""

    order_id: str
    kind: Kind
    ack_no: str
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """Execution of one line by the bank."""

    line_no: int
    amount_paise: int
    reference: str
    account: str = ""
    institution: str = ""

    def written(self, now: datetime) -> Json:
        """Return the line in the format of the police API."""
        content: Json = {
            "line_no": self.line_no,
            "amount_paise": self.amount_paise,
            "done_at": now.isoformat(),
            "reference": self.reference,
        }
        if not self.account:
            return content
        return content | {"credited_account": self.account, "credited_institution": self.institution}


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One report of a bank on an order, `after` seconds of procedure time from its receipt."""

    after: float
    lines: tuple[Done, ...]


def read_order(content: object) -> Order:
    """Return an order from the format of the police API. Raises TicketError."""
    if not isinstance(content, dict):
        raise TicketError("the order is not an object")
    order_id, kind, ack_no, lines = (content.get(name) for name in ("order_id", "kind", "ack_no", "lines"))
    if not isinstance(order_id, str) or not isinstance(ack_no, str) or not isinstance(lines, list):
        raise TicketError("order_id, ack_no or lines are missing")
    if kind not in ("restore", "release"):
        raise TicketError("an order must restore or release")
    read = (_line(line) for line in lines)
    return Order(order_id, kind, ack_no, tuple(line for line in read if line.amount_paise))


def _line(line: object) -> OrderLine:
    if not isinstance(line, dict):
        raise TicketError("a line is not an object")
    number, amount, confirmed = (line.get(name) for name in ("line_no", "amount_paise", "confirmed_paise"))
    if not isinstance(number, int) or not isinstance(amount, int) or not isinstance(confirmed, int):
        raise TicketError("a line has no number or no amount")
    to = line.get("beneficiary")
    account, institution = (str(to.get(name, "")) if isinstance(to, dict) else "" for name in ("holder", "institution"))
    return OrderLine(number, amount - confirmed, str(line.get("reference", "")), account, institution)


def read_cancelled(content: object) -> str:
    """Return the id of an order that the police have cancelled. Raises TicketError."""
    order_id = content.get("order_id") if isinstance(content, dict) else None
    if not isinstance(order_id, str):
        raise TicketError("order_id is missing")
    return order_id


def reports_on(config: SimulatorConfig, bank: Institution, order: Order, *, signed: bool) -> list[OrderReport]:
    """Return all reports of this bank on an order, by time; finally the whole order is executed.

    `signed`: the bank answers over its own interface, which accepts more than the page behind a letter's link.
    """
    habits, seed = config.orders, config.seed
    key = (bank.code, order.ack_no, order.kind, *sorted(line.reference for line in order.lines)[:1])
    delay = habits.of(bank.answer_class)
    median, after = delay.median, delay.drawn(seed, "order", *key)
    if chance(seed, habits.late, "order late", *key):
        after += habits.late_seconds
    whole = tuple(_done(seed, line, "") for line in order.lines)
    if chance(seed, habits.in_part, "order in part", *key):
        first = tuple(replace(line, amount_paise=line.amount_paise // 2) for line in whole if line.amount_paise > 1)
        rest = _rest(whole, first)
        return [OrderReport(after, first), OrderReport(after + median, rest)] if first else [OrderReport(after, rest)]
    reports = [OrderReport(after, whole)]
    if not signed or order.kind != "restore":
        return reports
    if chance(seed, habits.elsewhere, "order elsewhere", *key):
        wrong = tuple(replace(line, account=WRONG_ACCOUNT, reference=f"{line.reference}W") for line in whole)
        return [OrderReport(after, wrong), OrderReport(after + median, whole)]
    if chance(seed, habits.twice, "order twice", *key):
        reports.append(OrderReport(after + median, tuple(_done(seed, line, "2") for line in order.lines)))
    return reports


def _done(seed: int, line: OrderLine, again: str) -> Done:
    number = int(unit(seed, "credit", line.reference, line.line_no, again) * 10**10)
    return Done(line.line_no, line.amount_paise, f"C{number:010d}", line.account, line.institution)


def _rest(whole: Sequence[Done], first: Sequence[Done]) -> tuple[Done, ...]:
    stated_paise = {line.line_no: line.amount_paise for line in first}
    return tuple(
        replace(
            line, amount_paise=line.amount_paise - stated_paise.get(line.line_no, 0), reference=f"{line.reference}R"
        )
        for line in whole
    )


def confirmation(report: OrderReport) -> Json:
    """Return the body of a bank's report."""
    now = wall_clock()
    return {"lines": [line.written(now) for line in report.lines]}


VISITS_MOST = 120
_LEFT = re.compile(r"l(\d+)\.left")
_AFTER = re.compile(r"\?after=(\d+)")


class _Form(HTMLParser):
    """The form as a browser reads it: the amount left for each line, and whether more lines follow."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.left_paise: dict[int, int] = {}
        self.references: dict[int, str] = {}
        self.after = ""
        self.title = ""
        self._reads = ""
        self._legend = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in ("legend", "h1"):
            self._reads, self._legend = tag, "" if tag == "legend" else self._legend
        elif tag == "a" and (link := _AFTER.fullmatch(attributes.get("href", ""))):
            self.after = link[1]
        elif tag == "input" and (line := _LEFT.fullmatch(attributes.get("name", ""))):
            self.left_paise[int(line[1])] = int(attributes.get("value", "0"))
            self.references[int(line[1])] = self._legend.split()[-1]

    def handle_endtag(self, tag: str) -> None:
        self._reads = "" if tag == self._reads else self._reads

    def handle_data(self, data: str) -> None:
        if self._reads == "legend":
            self._legend += data
        elif self._reads == "h1":
            self.title += data


@dataclass
class OrderVisitor:
    """The officer with one letter."""

    line: HttpClient
    link: str
    bank: Institution
    read_code: ReadCode

    async def read(self, order_id: str, ack_no: str) -> Order | None:
        """Return the open part of the order, or None if it is not to be carried out. Raises LineError."""
        lines: list[OrderLine] = []
        after = ""
        kind: Kind = "release"
        for _ in range(VISITS_MOST):
            _, form = await self._open(after)
            if form is None or "cancelled" in form.title:
                return None
            kind = "restore" if "give money back" in form.title else "release"
            lines += [OrderLine(number, paise, form.references[number]) for number, paise in form.left_paise.items()]
            after = form.after
            if not after:
                break
        return Order(order_id, kind, ack_no, tuple(lines))

    async def say(self, done: Sequence[Done]) -> int:
        """Report what was done; return the last HTTP status. Raises LineError."""
        left = {line.line_no: line for line in done}
        after = ""
        for _ in range(VISITS_MOST):
            if not left:
                return HTTP_OK
            status, form = await self._open(after)
            if form is None:
                return status
            shown = [left[number] for number in form.left_paise if number in left]
            if not shown and not form.after:
                # The rest has been confirmed in another way meanwhile.
                return HTTP_OK
            if shown:
                status = await self._send(form, shown)
                if status != HTTP_OK:
                    return status
                for line in shown:
                    del left[line.line_no]
            after = "" if shown else form.after
        return HTTP_GONE

    async def stop(self) -> int:
        """Acknowledge the cancellation of the order; return the last HTTP status. Raises LineError."""
        fields = {"name": self.bank.nodal_name, "designation": "Nodal officer"}
        return (await press(self.line, self.link, fields, "acknowledge")).status

    async def _open(self, after: str) -> tuple[int, _Form | None]:
        answer = await open_page(self.line, self.link, after)
        return answer.status, _Form(answer.body) if answer.status == HTTP_OK else None

    async def _send(self, form: _Form, done: Sequence[Done]) -> int:
        fields = {"name": self.bank.nodal_name, "designation": "Nodal officer"}
        today = f"{wall_clock().astimezone(IST):%Y-%m-%d}"
        for line in done:
            prefix = f"l{line.line_no}."
            fields |= {
                f"{prefix}left": str(form.left_paise[line.line_no]),
                f"{prefix}amount": rupees(line.amount_paise),
                f"{prefix}when": today,
                f"{prefix}reference": line.reference,
            }
        return await send_form(self.line, self.link, fields, self.read_code)


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
    kinds = {_KINDS.get(transaction.findtext("{*}CxlRsnInf/{*}Rsn/{*}Prtry", "")) for transaction in transactions}
    kind = next(iter(kinds), None)
    if kind is None or len(kinds) != 1:
        return None
    case = request.findtext("{*}Case/{*}Id", "")
    lines = tuple(_iso_line(transaction) for transaction in transactions)
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


def _iso_line(transaction: ElementTree.Element) -> OrderLine:
    information = additional_information(transaction)
    try:
        number, amount_paise = int(information["LINE"]), paise(information["AMNT"].removeprefix("INR"))
    except (KeyError, ValueError) as error:
        raise TicketError("a line of the order has no number or no amount") from error
    return OrderLine(
        number,
        amount_paise,
        transaction.findtext("{*}OrgnlTxId", ""),
        information.get("TOACC", ""),
        information.get("TOBNK", ""),
    )


def write_done(bank: str, order: Order, case: str, done: Sequence[Done]) -> bytes:
    """Return a message about an executed order: money returned, or holds released."""
    references = {line.line_no: line.reference for line in order.lines}
    done_lines = [(escape(references[line_done.line_no]), line_done) for line_done in done]
    return _returned(bank, case, done_lines) if order.kind == "restore" else _lifted(bank, case, done_lines)


def _returned(bank: str, case: str, done_lines: Sequence[tuple[str, Done]]) -> bytes:
    now = wall_clock()
    lines = "".join(
        f"<TxInf><RtrId>{escape(line.reference)}</RtrId><OrgnlEndToEndId>{rrn}</OrgnlEndToEndId>"
        f"<OrgnlTxId>{rrn}</OrgnlTxId>{amount('RtrdIntrBkSttlmAmt', line.amount_paise)}"
        f"<IntrBkSttlmDt>{now.astimezone(IST):%Y-%m-%d}</IntrBkSttlmDt>"
        f"<RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn><AddtlInf>/CASE/{escape(case)}</AddtlInf></RtrRsnInf></TxInf>"
        for rrn, line in done_lines
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
        f"<RsltnRltdInf><TxId>{escape(line.reference)}</TxId>{amount('IntrBkSttlmAmt', line.amount_paise)}"
        "</RsltnRltdInf></TxInfAndSts>"
        for rrn, line in done_lines
    )
    return resolution(bank, case, "CNCL", lines)
