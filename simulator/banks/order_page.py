"""A bank officer at the page about an order: reads the order, and reports line by line what was done."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from simulator.banks.orders import Done, Kind, Order, OrderLine
from simulator.clock import IST, wall_clock
from simulator.institutions import Institution
from simulator.net.http_client import HttpClient
from simulator.wires.i4c import rupees
from simulator.wires.letters import HTTP_GONE, HTTP_OK, ReadCode, open_page, press, send_form

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
        left = {one.line_no: one for one in done}
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
                for one in shown:
                    del left[one.line_no]
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
        for one in done:
            prefix = f"l{one.line_no}."
            fields |= {
                f"{prefix}left": str(form.left_paise[one.line_no]),
                f"{prefix}amount": rupees(one.amount_paise),
                f"{prefix}when": today,
                f"{prefix}reference": one.reference,
            }
        return await send_form(self.line, self.link, fields, self.read_code)
