"""A bank officer at the page behind a letter's link: reads, fills in, checks and sends the form.

The page has room for five onward transfers and five withdrawals per transfer, and accepts "not found" only alone. The
rest is sent on the next visit, while the link is open. Content without a field on the page is not sent.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from simulator.clock import IST, wall_clock
from simulator.institutions import Institution
from simulator.net.http_client import HttpClient
from simulator.wires.i4c import paise, rupees
from simulator.wires.json_api import moment_of, place_of
from simulator.wires.letters import HTTP_GONE, HTTP_OK, ReadCode, open_page, send_form
from simulator.world.bank_model import INVALID_RRN, NO_SUCH_ACCOUNT, NOT_FOUND, OK, RowKind

Json = dict[str, object]
ROWS = 5
VISITS_MOST = 60
NAME_CHARS = 100
_SAYABLE = (NOT_FOUND, INVALID_RRN, NO_SUCH_ACCOUNT)
_WAYS_OUT = {RowKind.ATM: "atm", RowKind.AEPS: "aeps", RowKind.POS: "pos", RowKind.CHEQUE: "cheque"}
_NUMBER = re.compile(r"t(\d+)\.seen")
_AFTER = re.compile(r"\?after=(\d+)")


@dataclass(slots=True)
class Statement:
    """The open statements about one transfer."""

    held_paise: int = 0
    moved: list[dict[str, str]] = field(default_factory=list)
    withdrawn: list[dict[str, str]] = field(default_factory=list)
    code: str = ""

    def portion(self) -> "Statement":
        """Return as much as one form accepts. A code is sent alone, and last."""
        if self.held_paise or self.moved or self.withdrawn:
            return Statement(self.held_paise, self.moved[:ROWS], self.withdrawn[:ROWS])
        return Statement(code=self.code)

    def said(self, portion: "Statement") -> None:
        """Remove what was sent."""
        self.held_paise -= portion.held_paise
        del self.moved[: len(portion.moved)], self.withdrawn[: len(portion.withdrawn)]
        self.code = "" if portion.code else self.code

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to send."""
        return not (self.held_paise or self.moved or self.withdrawn or self.code)

    def fields(self, prefix: str) -> dict[str, str]:
        """Return the form fields of the transfer whose fields begin with `prefix`."""
        entry = {f"{prefix}held": rupees(self.held_paise)} if self.held_paise else {}
        entry |= {f"{prefix}no": self.code} if self.code else {}
        for mark, rows in (("m", self.moved), ("o", self.withdrawn)):
            for number, row in enumerate(rows, 1):
                entry |= {f"{prefix}{mark}{number}.{name}": value for name, value in row.items() if value}
        return entry


def statements(rows: Sequence[Json]) -> dict[str, Statement]:
    """Return written rows by transfer, as a person states them, without repeats."""
    by_transfer: dict[str, Statement] = {}
    for row in rows:
        entry = by_transfer.setdefault(str(row.get("root_rrn_transaction_id", "")), Statement())
        code = str(row.get("status_code", OK))
        kind = RowKind(int(str(row["txn_type_id"])))
        if code != OK:
            entry.code = code if code in _SAYABLE else NOT_FOUND
        elif kind is RowKind.HOLD:
            entry.held_paise = max(entry.held_paise, paise(row["disputed_amount"]))
        elif kind is RowKind.TRANSFER:
            _once(entry.moved, _moved(row), "rrn")
        else:
            _once(entry.withdrawn, _withdrawn(row, kind), "how", "amount", "when")
    return by_transfer


def _once(rows: list[dict[str, str]], row: dict[str, str], *names: str) -> None:
    if all(any(row[name] != other[name] for name in names) for other in rows):
        rows.append(row)


def _moved(row: Json) -> dict[str, str]:
    return {
        "amount": str(row["disputed_amount"]),
        "whole": str(row["amount"]),
        "rrn": str(row.get("rrn_transaction_id", "")),
        "when": _when(row),
        "bank": str(row.get("payee_bank") or row.get("payee_bank_code", ""))[:NAME_CHARS],
        "account": str(row.get("payee_account_number", "")),
        "ifsc": str(row.get("ifsc_code") or ""),
    }


def _withdrawn(row: Json, kind: RowKind) -> dict[str, str]:
    how, place = _WAYS_OUT[kind], place_of(row)[:NAME_CHARS]
    return {"how": how, "amount": str(row["disputed_amount"]), "when": _when(row), "place": place}


def _when(row: Json) -> str:
    """Return the time of a row; a future time from a wrong clock becomes now, because the page refuses it."""
    moment = moment_of(row)
    return f"{min(moment, wall_clock().astimezone(IST)):%Y-%m-%dT%H:%M:%S}" if moment is not None else ""


class _Form(HTMLParser):
    """The form as a browser reads it: the hidden fields, and the number of each transfer."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.prefixes: dict[str, str] = {}
        """by RRN"""
        self.after = ""
        self._in_legend = False
        self._legend = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        entry = {name: value or "" for name, value in attrs}
        if tag == "legend":
            self._in_legend, self._legend = True, ""
        elif tag == "a" and (link := _AFTER.fullmatch(entry.get("href", ""))):
            self.after = link[1]
        elif tag == "input" and entry.get("type") == "hidden":
            name = entry.get("name", "")
            self.hidden[name] = entry.get("value", "")
            if number := _NUMBER.fullmatch(name):
                self.prefixes[self._legend.split()[-1]] = f"t{number[1]}."

    def handle_endtag(self, tag: str) -> None:
        self._in_legend = self._in_legend and tag != "legend"

    def handle_data(self, data: str) -> None:
        self._legend += data if self._in_legend else ""


@dataclass
class Visitor:
    """The officer with one letter. Sent statements stay sent, even if the connection fails in between."""

    line: HttpClient
    link: str
    bank: Institution
    left: dict[str, Statement]
    read_code: ReadCode

    async def say_all(self) -> int:
        """Send all statements; return the last HTTP status. Raises LineError."""
        after = ""
        for _ in range(VISITS_MOST):
            if all(statement.is_empty for statement in self.left.values()):
                return HTTP_OK
            page = await open_page(self.line, self.link, after)
            if page.status != HTTP_OK:
                return page.status
            form = _Form(page.body)
            portions = self._portions(form)
            if not portions and not form.after:
                # The rest is about transfers that this page does not cover, or no longer covers.
                return HTTP_OK
            if portions:
                status = await self._send(form, portions)
                if status != HTTP_OK:
                    return status
            after = "" if portions else form.after
        return HTTP_GONE

    def _portions(self, form: _Form) -> dict[str, Statement]:
        shown = {rrn: self.left[rrn] for rrn in form.prefixes if rrn in self.left}
        return {rrn: statement.portion() for rrn, statement in shown.items() if not statement.is_empty}

    async def _send(self, form: _Form, portions: dict[str, Statement]) -> int:
        fields = {"made": form.hidden["made"], "name": self.bank.nodal_name, "designation": "Nodal officer"}
        for rrn, portion in portions.items():
            prefix = form.prefixes[rrn]
            fields |= {f"{prefix}seen": form.hidden[f"{prefix}seen"]} | portion.fields(prefix)
        status = await send_form(self.line, self.link, fields, self.read_code)
        if status == HTTP_OK:
            for rrn, portion in portions.items():
                self.left[rrn].said(portion)
        return status
