"""Interface of every bank channel: the ticket sent, the delivery returned, and the errors.

A channel (`i4c` and others) implements `BankAdapter`. Accounts are strings, money is integer paise, time is aware UTC.
Error texts hold no personal data, because they enter workflow histories and logs. The bank's own text is only in
`BankRefused.message`, for the database.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol, TypeVar, runtime_checkable
from uuid import UUID

from adapters.transcript import Transcript
from schemas.banks.exchanges import Exchange
from schemas.banks.institutions import EnvelopeKind
from schemas.enums import ChannelKind
from schemas.gateway.lien_lists import ListWanted
from schemas.recovery.orders import BankOrder

INCIDENTS_MAX = 500
"""Most incidents in one ticket. The caller splits a larger batch."""

LOGIN_PATH = "/login"
REPORT_PATH = "/transaction-fraud"
"""paths of the I4C wire, if the directory names no others for a bank"""

PRIORITY_LAST = 5
"""Priority of a ticket whose maker gives none."""


@dataclass(frozen=True, slots=True)
class BankWire:
    """Address and secrets of one bank, from the directory. The repr never shows secrets."""

    code: str
    base_url: str
    email: str = field(repr=False)
    password: str = field(repr=False)
    envelope: EnvelopeKind
    aes_key: bytes | None = field(default=None, repr=False)
    hmac_key: bytes | None = field(default=None, repr=False)
    balance_includes_liens: bool = True
    """whether the balance that the bank reports includes money on hold"""
    login_path: str = LOGIN_PATH
    report_path: str = REPORT_PATH
    ciphertext_member: str | None = None
    """member of a JSON object that holds the envelope; None: the body is the envelope"""
    webhook_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """of a bank reached by webhook at `base_url`: the newest first, two during a change"""


@dataclass(frozen=True, slots=True)
class IsoWay:
    """Address of one bank for files of ISO 20022 messages: its BIC and its code, which names its folder."""

    code: str
    bic: str
    business_header: bool = False
    """whether a business application header precedes each message"""


@dataclass(frozen=True, slots=True)
class Instrument:
    """The `instrument` of a fraud report: who paid and how.

    A text is empty if the complaint does not give it.
    """

    requestor: str
    payer_bank: str
    payer_bank_code: str
    mode_of_payment: str
    payer_mobile: str = field(repr=False)
    payer_account: str = field(repr=False)
    state: str
    district: str
    transaction_type: str
    wallet: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """One transfer of tainted money that credited an account at the bank. `rrn` is the RRN or UTR."""

    amount_paise: int
    rrn: str
    transferred_at: datetime
    disputed_paise: int
    layer: int
    hop_no: int | None = None
    """number of the hop in its case, or of the first of several hops in this transfer"""

    def __post_init__(self) -> None:
        """Raise ValueError if no bank could act: disputed amount zero or too large, no RRN, naive time."""
        if not 0 < self.disputed_paise <= self.amount_paise:
            raise ValueError("0 < disputed_paise <= amount_paise does not hold")
        if not self.rrn:
            raise ValueError("an incident needs its RRN or UTR")
        if self.transferred_at.tzinfo is None:
            raise ValueError("transferred_at must carry its zone")
        if self.layer < 1:
            raise ValueError("layer counts from 1")


@dataclass(frozen=True, slots=True)
class HoldTicket:
    """One hold request: one case, one batch, all its hops at one bank. `request_id` is its idempotency key."""

    request_id: UUID
    ack_no: str
    sub_category: str
    instrument: Instrument
    incidents: tuple[Incident, ...]
    priority: int = PRIORITY_LAST
    """1 (first) to 5 (last), from `domain.banks.priority`"""
    requested_at: datetime | None = None
    """None: the time at which it is sent"""
    respond_by: datetime | None = None
    hold_until: datetime | None = None
    """time until which the hold is asked; None: no time is set"""

    def __post_init__(self) -> None:
        """Raise ValueError unless the ticket has 1 to INCIDENTS_MAX incidents."""
        if not 1 <= len(self.incidents) <= INCIDENTS_MAX:
            raise ValueError(f"a ticket carries 1 to {INCIDENTS_MAX} incidents")


@dataclass(frozen=True, slots=True)
class Delivery:
    """The bank's receipt of a ticket under `job_id`. The caller's clock gives the time of delivery."""

    job_id: str
    exchanges: tuple[Exchange, ...] = field(default=(), compare=False, repr=False)
    """record of what was sent and received"""


class BankError(Exception):
    """The bank's wire failed."""

    retryable: ClassVar[bool] = False

    def __init__(self, bank_code: str, detail: str = "") -> None:
        """Keep the directory's `bank_code` and `detail`, which says what happened without personal data."""
        text = (type(self).__doc__ or "").strip()
        super().__init__(f"{bank_code}: {text}" + (f" ({detail})" if detail else ""))
        self.bank_code = bank_code
        self.detail = detail
        self.exchanges: tuple[Exchange, ...] = ()
        """record of what was sent and received before the failure"""


class BankUnreachable(BankError):
    """The bank could not be reached or cannot answer now; the same request may be sent again."""

    retryable = True

    def __init__(self, bank_code: str, detail: str = "", retry_after_seconds: float | None = None) -> None:
        """Keep `retry_after_seconds`, the wait that the bank asked for by Retry-After (429, 503), or None."""
        super().__init__(bank_code, detail)
        self.retry_after_seconds = retry_after_seconds


class BankBusy(BankUnreachable):
    """The bank has as many calls as its limit allows: at the moment, or in this second."""


class BankRefused(BankError):
    """The bank refused the request; sending it again unchanged cannot help."""

    def __init__(self, bank_code: str, response_code: str, message: str = "") -> None:
        """Keep `response_code`, the bank's or `HTTP-<status>`, and the bank's `message`, which str(self) leaves out."""
        super().__init__(bank_code, f"response code {response_code}")
        self.response_code = response_code
        self.message = message


class BankLoginFailed(BankError):
    """The bank does not accept our login; an officer must check the credentials."""


class BankProtocolError(BankError):
    """The bank's reply is not of the agreed shape; whether it has the request is unknown."""

    # A repeat has the same Idempotency-Key, so it is the same request, and a maintenance page disappears.
    retryable = True


class BankMisconfigured(BankError):
    """The bank's entry in the directory cannot be used."""


class BankNotReached(BankMisconfigured):
    """The bank has no channel with a message for this."""


class BankChannelGone(BankMisconfigured):
    """The bank says that this channel is closed for good; the directory must name another."""


@contextmanager
def transcribed(channel: ChannelKind) -> Iterator[Transcript]:
    """Give the transcript of one attempt. A `BankError` that ends the attempt carries what was recorded."""
    transcript = Transcript(channel)
    try:
        yield transcript
    except BankError as error:
        transcript.failed(f"{type(error).__name__}: {error.detail}".removesuffix(": "))
        error.exchanges = transcript.exchanges
        raise


Address_contra = TypeVar("Address_contra", contravariant=True)
"""address of one bank over one channel: a `BankWire` if the bank has an address of its own"""


class BankAdapter(Protocol[Address_contra]):
    """Interface of every channel to the banks."""

    async def send_hold_request(self, bank: Address_contra, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send `ticket` to `bank` within `timeout_seconds` in total, login included.

        The same ticket sent twice is one request (`request_id`). Raises BankUnreachable, BankRefused, BankLoginFailed,
        BankProtocolError or BankMisconfigured. Each is a BankError with a `retryable` flag.
        """
        ...

    async def close(self) -> None:
        """Close every connection. The adapter cannot be used afterwards."""
        ...


@runtime_checkable
class ReminderSender(Protocol[Address_contra]):
    """Interface of a channel that has a message to remind a bank of a request."""

    async def send_reminder(
        self,
        bank: Address_contra,
        request_id: UUID,
        references: Sequence[str],
        *,
        asked_at: datetime,
        timeout_seconds: float,
    ) -> None:
        """Ask for the state of a request and of the named transfers, once for each `asked_at`. Raises BankError."""
        ...


@runtime_checkable
class PayerAsker(Protocol[Address_contra]):
    """Interface of a channel that can ask a victim's bank about the victim's own transfer."""

    async def ask_payers_bank(self, bank: Address_contra, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send `ticket` to the bank that was debited; otherwise like `BankAdapter.send_hold_request`."""
        ...


@runtime_checkable
class ListAsker(Protocol[Address_contra]):
    """Interface of a channel that has a message to ask for a bank's list of liens."""

    async def ask_for_liens(self, bank: Address_contra, wanted: ListWanted, *, timeout_seconds: float) -> None:
        """Ask the bank for the list; sent twice it is one question (`inquiry_id`). Raises BankError."""
        ...


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """An order with its signed document, if any, as a channel sends it.

    `order.order_id` is its idempotency key.
    """

    order: BankOrder
    document_pdf: bytes = field(default=b"", repr=False)
    """the order as a PDF document; empty if none was issued"""


@runtime_checkable
class OrderTaker(Protocol[Address_contra]):
    """Interface of a channel that has a message for an order to restore or to release."""

    async def send_order(self, bank: Address_contra, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        """Send an order to `bank`; otherwise like `BankAdapter.send_hold_request`."""
        ...


@runtime_checkable
class CancellationTaker(Protocol[Address_contra]):
    """Interface of a channel that has a message for a cancelled order."""

    async def send_cancellation(self, bank: Address_contra, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """Tell `bank` that an order is cancelled; otherwise like `BankAdapter.send_hold_request`.

        `schemas.recovery.orders.cancellation_id` of the order is its idempotency key.
        """
        ...
