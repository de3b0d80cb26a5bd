"""Hold requests and orders that a bank fetches from our feed, and its answers as lines of every wire."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from adapters.banks.answers import (
    Contact,
    HoldLine,
    JsonObject,
    LineFields,
    StatusLine,
    TransferLine,
    UnknownLine,
    WithdrawalChannel,
    WithdrawalLine,
)
from adapters.banks.protocol import Delivery, HoldTicket, OrderTicket
from schemas.banks.institutions import Institution
from schemas.base import Flag
from schemas.orders.orders import BankOrder, cancellation_id
from schemas.reconciliation.lien_lists import ListWanted
from schemas.tracing.bank_answers import HeldLine, Line, MovedLine, RefusedLine, SpentLine, WithdrawnLine
from schemas.tracing.debit_inquiries import DebitedLine, DebitLine

OK: Final = "00"
_TYPES: Final = {"held": "1", "moved": "3", "atm": "5", "aeps": "6", "spent": "11", "cheque": "14", "refused": "0"}
"""Type numbers of the I4C wire, so that one statement makes the same line over both channels."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Transfer that a line of the feed names by its hop number."""

    reference: str
    account: str = field(repr=False)


class PullAdapter:
    """The feed as a `BankAdapter`.

    A request stands in the feed as soon as it is planned. Sending it only wakes the readers of the feed.
    """

    def __init__(self, announce: Callable[[str], Awaitable[None]]) -> None:
        """Use `announce(bank_code)` to wake the readers that wait for that bank's feed."""
        self._announce = announce

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send_hold_request(self, bank: Institution, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Announce `ticket` in the bank's feed; see `BankAdapter.send_hold_request`. The job id is the request id."""
        # A failure of our own database passes through, because another channel would not help.
        await self._announce(bank.code)
        return Delivery(str(ticket.request_id))

    async def ask_payers_bank(self, bank: Institution, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Return a delivery whose job id is the inquiry's id. The bank's list shows it from its planning on."""
        return Delivery(str(ticket.request_id))

    async def ask_for_liens(self, bank: Institution, wanted: ListWanted, *, timeout_seconds: float) -> None:
        """Do nothing, because the feed shows the question on every page until the bank answers."""

    async def send_order(self, bank: Institution, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        """Return a delivery whose job id is the order id.

        The bank finds the order in its list once it is marked as delivered, which wakes the readers.
        """
        return Delivery(str(ticket.order.order_id))

    async def send_cancellation(self, bank: Institution, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """Wake the readers. The bank's list shows the order as cancelled until the bank acknowledges it."""
        await self._announce(bank.code)
        return Delivery(str(cancellation_id(order.order_id)))

    async def close(self) -> None:
        """Do nothing, because nothing is open."""


@dataclass(frozen=True, slots=True)
class Told:
    """How lines came that are not the bank's own body: flags of each, and what its `raw` says of it."""

    flags: tuple[Flag, ...] = ()
    source: JsonObject = field(default_factory=dict)


def answer_lines(
    lines: tuple[Line, ...], asked: Mapping[int, Asked], bank_code: str, told: Told = Told()
) -> tuple[StatusLine, ...]:
    """Return the lines of an answer in the classes of every wire. `asked` has every hop that they name."""
    return tuple(_line(number, line, asked[line.hop], bank_code, told) for number, line in enumerate(lines, 1))


def debit_lines(lines: tuple[DebitLine, ...], reference: str, bank_code: str) -> tuple[TransferLine | UnknownLine, ...]:
    """Return the lines of a victim's bank in the classes of every wire. `reference` names the told transfer."""
    return tuple(_debit_line(number, line, reference, bank_code) for number, line in enumerate(lines, 1))


def _debit_line(line_no: int, line: DebitLine, reference: str, bank_code: str) -> TransferLine | UnknownLine:
    debit = line if isinstance(line, DebitedLine) else None
    payee = debit.payee if debit else None
    moment = debit.at if debit else None
    common: LineFields = {
        "line_no": line_no,
        "txn_type_id": _TYPES["moved" if debit else "refused"],
        "txn_type": line.kind,
        "amount_paise": debit.amount_paise if debit else None,
        "disputed_paise": debit.amount_paise if debit else None,
        "transaction_datetime": moment,
        "transaction_datetime_raw": moment.isoformat() if moment else "",
        "rrn": debit.reference if debit else "",
        "root_rrn": reference,
        "root_account": (debit.payer_account or "") if debit else "",
        "root_bankid": bank_code,
        "root_ifsc": "",
        "root_effective_balance_paise": None,
        "status_code": OK if isinstance(line, DebitedLine) else line.code,
        "remarks": line.remarks,
        "contact": Contact(),
        "ifsc": (payee.ifsc or "") if payee else "",
        "flags": (),
        "raw": line.model_dump(mode="json", exclude_none=True),
    }
    if debit is None:
        return UnknownLine(**common)
    bank = payee.institution if payee else ""
    account = payee.account if payee else ""
    return TransferLine(**common, payee_bank=bank, payee_bank_code=bank, payee_account=account)


def _line(line_no: int, line: Line, asked: Asked, bank_code: str, told: Told) -> StatusLine:
    common = _common(line_no, line, asked, bank_code, told)
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


def _common(line_no: int, line: Line, asked: Asked, bank_code: str, told: Told) -> LineFields:
    tainted_paise = None if isinstance(line, RefusedLine) else line.amount_paise
    whole_paise = line.transfer_paise if isinstance(line, MovedLine) else None
    moment = None if isinstance(line, RefusedLine) else line.at
    # The number of a cheque is not the reference of a transfer.
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
        "flags": told.flags,
        "raw": told.source | line.model_dump(mode="json", exclude_none=True),
    }
