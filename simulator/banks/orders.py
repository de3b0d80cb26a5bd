"""Police orders at a bank, and how it executes each: when, in how many parts, and with which mistakes.

Pure functions, drawn from the seed. simulator/banks/paying.py receives the orders and reports their execution.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from simulator.clock import wall_clock
from simulator.config import SimulatorConfig
from simulator.institutions import Institution
from simulator.seeds import chance, unit
from simulator.wires.i4c import TicketError

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
    said = {line.line_no: line.amount_paise for line in first}
    return tuple(
        replace(line, amount_paise=line.amount_paise - said.get(line.line_no, 0), reference=f"{line.reference}R")
        for line in whole
    )


def confirmation(report: OrderReport) -> Json:
    """Return the body of a bank's report."""
    now = wall_clock()
    return {"lines": [line.written(now) for line in report.lines]}
