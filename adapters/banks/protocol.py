"""Protocol of every channel to a bank, the channel that banks pull from, and tickets for tests.

Interface of every bank channel: the ticket sent, the delivery returned, and the errors. A channel (`i4c` and others)
implements `BankAdapter`. Accounts are strings, money is integer paise, time is aware UTC. Error texts hold no personal
data, because they enter workflow histories and logs. The bank's own text is only in `BankRefused.message`, for the
database.

Test tickets, with marks that a bank can recognise. A bank that ignores the marks finds nothing to hold. Any one of the
three marks is sufficient. The acknowledgement number begins with 9000000, because no channel has the digit 9 and no
date is day 00 of month 00. The sub-category is TEST. The RRN begins with 9999, because no year has a 999th day.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol, Self, TypeVar, runtime_checkable
from uuid import UUID, uuid4

from adapters.clock import wall_clock
from adapters.transcript import Transcript
from schemas.banks.institutions import EnvelopeKind, Institution
from schemas.banks.keys import Exchange
from schemas.enums import ChannelKind
from schemas.gateway.liens import ListWanted
from schemas.recovery.orders import BankOrder, OrderLine, cancellation_id
from schemas.restoration_enums import OrderKind, OrderReason, OrderState

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
    """1 (first) to 5 (last), from `domain.banks.channel_choice`"""
    requested_at: datetime | None = None
    """None: the time at which it is sent"""
    respond_by: datetime | None = None
    hold_until: datetime | None = None
    """time until which the hold is asked; None: no time is set"""
    report_before: bytes | None = field(default=None, compare=False, repr=False)
    """the report on the I4C wire that a bank may have under this key, which it gets again byte for byte"""

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


TEST_ACK_PREFIX: Final = "9000000"
TEST_CATEGORY: Final = "TEST"
TEST_RRN_PREFIX: Final = "9999"
TEST_PAISE: Final = 100
TRANSFERRED_AGO: Final = timedelta(minutes=10)
DUE_AFTER: Final = timedelta(days=15)

_INSTRUMENT: Final = Instrument(
    requestor="I4C-MHA",
    payer_bank="TEST",
    payer_bank_code="TEST",
    mode_of_payment="UPI",
    payer_mobile="",
    payer_account="",
    state="",
    district="",
    transaction_type="TEST",
)


def new_test_ticket() -> HoldTicket:
    """Return a new test ticket that shares no value with another."""
    now = wall_clock().replace(microsecond=0)
    incident = Incident(
        amount_paise=TEST_PAISE,
        rrn=f"{TEST_RRN_PREFIX}{secrets.randbelow(10**8):08d}",
        transferred_at=now - TRANSFERRED_AGO,
        disputed_paise=TEST_PAISE,
        layer=1,
        hop_no=1,
    )
    return HoldTicket(
        request_id=uuid4(),
        ack_no=f"{TEST_ACK_PREFIX}{secrets.randbelow(10**7):07d}",
        sub_category=TEST_CATEGORY,
        instrument=_INSTRUMENT,
        incidents=(incident,),
        requested_at=now,
    )


def new_test_order() -> BankOrder:
    """Return a new test order to release money that no bank holds.

    A bank that ignores the marks finds no such hold and pays no one.
    """
    now = wall_clock().replace(microsecond=0)
    line = OrderLine(
        line_no=1,
        hop=1,
        reference=f"{TEST_RRN_PREFIX}{secrets.randbelow(10**8):08d}",
        account="TEST",
        amount_paise=TEST_PAISE,
        confirmed_paise=0,
    )
    return BankOrder(
        order_id=uuid4(),
        kind=OrderKind.RELEASE,
        reason=OrderReason.LAPSED,
        state=OrderState.PLANNED,
        ack_no=f"{TEST_ACK_PREFIX}{secrets.randbelow(10**7):07d}",
        ordered_at=now,
        due_at=now + DUE_AFTER,
        lines=(line,),
    )
