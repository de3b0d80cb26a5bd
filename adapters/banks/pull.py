"""Hold requests and orders that a bank fetches from us, and what it answers to requests in the words of every wire."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from adapters.banks.answers import (
    Contact,
    HoldLine,
    LineFields,
    StatusLine,
    TransferLine,
    UnknownLine,
    WithdrawalChannel,
    WithdrawalLine,
)
from adapters.banks.protocol import Delivery, HoldTicket, OrderTicket
from schemas.banks.institutions import Institution
from schemas.orders.orders import BankOrder, cancellation_id
from schemas.reconciliation.lien_lists import ListWanted
from schemas.tracing.bank_answers import HeldLine, Line, MovedLine, RefusedLine, SpentLine, WithdrawnLine

OK: Final = "00"
_TYPES: Final = {"held": "1", "moved": "3", "atm": "5", "aeps": "6", "spent": "11", "cheque": "14", "refused": "0"}
"""The I4C wire's numbers: a line said here and there is one line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The transfer that a line of the feed names by its hop."""

    reference: str
    account: str = field(repr=False)


class PullAdapter:
    """The feed as a `BankAdapter`: a request stands in it from the moment it is planned; carrying it wakes readers."""

    def __init__(self, announce: Callable[[str], Awaitable[None]]) -> None:
        """`announce` wakes whoever waits for the feed of the bank with that code."""
        self._announce = announce

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send_hold_request(self, bank: Institution, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Let the bank know that its feed has `ticket`; see `BankAdapter.send_hold_request`. The job is the request."""
        # Our own database failing is no failure of the bank's, and no reason to try another way: it passes through.
        await self._announce(bank.code)
        return Delivery(str(ticket.request_id))

    async def ask_for_liens(self, bank: Institution, wanted: ListWanted, *, timeout_seconds: float) -> None:
        """Nothing is to be done: the question stands on every page of the feed until it is answered."""

    async def send_order(self, bank: Institution, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        """The bank finds the order in its list once it is written as delivered, which wakes its readers.

        The job is the order.
        """
        return Delivery(str(ticket.order.order_id))

    async def send_cancellation(self, bank: Institution, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """The order stands in the bank's list as taken back until the bank has said that it has seen it."""
        await self._announce(bank.code)
        return Delivery(str(cancellation_id(order.order_id)))

    async def close(self) -> None:
        """Nothing is held open."""


def answer_lines(lines: tuple[Line, ...], asked: Mapping[int, Asked], bank_code: str) -> tuple[StatusLine, ...]:
    """The lines of an answer in the nouns of every wire. `asked` has every hop that they name."""
    return tuple(_line(number, line, asked[line.hop], bank_code) for number, line in enumerate(lines, 1))


def _line(line_no: int, line: Line, asked: Asked, bank_code: str) -> StatusLine:
    common = _common(line_no, line, asked, bank_code)
    if isinstance(line, HeldLine):
        return HoldLine(**common)
    if isinstance(line, MovedLine):
        payee = line.payee
        return TransferLine(
            **common, payee_bank=payee.institution, payee_bank_code=payee.institution, payee_account=payee.account
        )
    if isinstance(line, WithdrawnLine):
        mark = "cheque_no" if line.by == "cheque" else "rrn"
        details = {mark: line.reference or "", "place": line.place}
        return WithdrawalLine(**common, channel=WithdrawalChannel(line.by), details=details)
    if isinstance(line, SpentLine):
        details = {"pos_transaction_id": line.reference or "", "merchant_name": line.merchant, "place": line.place}
        return WithdrawalLine(**common, channel=WithdrawalChannel.POS, details=details)
    return UnknownLine(**common)


def _contact(line: Line) -> Contact:
    if not isinstance(line, HeldLine):
        return Contact()
    return Contact(phone=line.holder_phone or "", email=line.holder_email or "")


def _common(line_no: int, line: Line, asked: Asked, bank_code: str) -> LineFields:
    tainted_paise = None if isinstance(line, RefusedLine) else line.amount_paise
    whole_paise = line.transfer_paise if isinstance(line, MovedLine) else None
    moment = None if isinstance(line, RefusedLine) else line.at
    # A cheque's number is no reference of a transfer.
    reference = ""
    if isinstance(line, MovedLine | SpentLine) or (isinstance(line, WithdrawnLine) and line.by != "cheque"):
        reference = line.reference or ""
    return {
        "line_no": line_no,
        "txn_type_id": _TYPES[line.by if isinstance(line, WithdrawnLine) else line.kind],
        "txn_type": line.kind,
        "amount_paise": whole_paise or tainted_paise,
        "disputed_paise": tainted_paise,
        "transaction_datetime": moment,
        "transaction_datetime_raw": moment.isoformat() if moment else "",
        "rrn": reference,
        "root_rrn": asked.reference,
        "root_account": asked.account,
        "root_bankid": bank_code,
        "root_ifsc": "",
        "root_effective_balance_paise": line.balance_paise if isinstance(line, HeldLine) else None,
        "status_code": line.code if isinstance(line, RefusedLine) else OK,
        "remarks": line.remarks,
        "contact": _contact(line),
        "ifsc": (line.payee.ifsc or "") if isinstance(line, MovedLine) else "",
        "flags": (),
        "raw": line.model_dump(mode="json", exclude_none=True),
    }
