"""What every bank wire takes and gives: the ticket out, the delivery back, and how it can fail.

A wire (`i4c`, later others) implements `BankAdapter`. Accounts are strings, money is integer paise, time is
aware UTC. The text of every error here is free of personal data: it ends in workflow histories and logs. What
the bank wrote itself is kept apart, in `BankRefused.message`, for the database only.
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
from schemas.orders.orders import BankOrder
from schemas.reconciliation.lien_lists import ListWanted

INCIDENTS_MAX = 500
"""Most incidents one ticket may carry; a larger wave is split by the caller."""

PRIORITY_LAST = 5
"""Of a ticket whose maker does not say how urgent it is."""


@dataclass(frozen=True, slots=True)
class BankWire:
    """How to reach one bank: from the directory, its secrets opened. Secrets never appear in its repr."""

    code: str
    base_url: str
    email: str = field(repr=False)
    password: str = field(repr=False)
    envelope: EnvelopeKind
    aes_key: bytes | None = field(default=None, repr=False)
    hmac_key: bytes | None = field(default=None, repr=False)
    balance_includes_liens: bool = True
    """whether the balance that it tells includes money on hold"""
    webhook_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """of a bank that is reached by webhook at `base_url`: the newest first, two while they are changed"""


@dataclass(frozen=True, slots=True)
class IsoWay:
    """How to reach one bank by files of ISO 20022 messages: its BIC, and its code, which names its folder."""

    code: str
    bic: str
    business_header: bool = False
    """whether a business application header stands before each message"""


@dataclass(frozen=True, slots=True)
class Instrument:
    """Who paid and how: the `instrument` of a fraud report. Empty text where the complaint does not say."""

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
    """the hop in its case, or the first of several that this transfer carries"""

    def __post_init__(self) -> None:
        """Raise ValueError where no bank could act: no or too much disputed, no RRN, a naive time."""
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
    """One hold request: one case, one wave, all its hops at one bank. `request_id` is its idempotency key."""

    request_id: UUID
    ack_no: str
    sub_category: str
    instrument: Instrument
    incidents: tuple[Incident, ...]
    priority: int = PRIORITY_LAST
    """1 (first) to 5 (last), as `domain.banks.priority` has it"""
    requested_at: datetime | None = None
    """None: at the moment it is sent"""
    respond_by: datetime | None = None

    def __post_init__(self) -> None:
        """Raise ValueError unless it carries 1 to INCIDENTS_MAX incidents."""
        if not 1 <= len(self.incidents) <= INCIDENTS_MAX:
            raise ValueError(f"a ticket carries 1 to {INCIDENTS_MAX} incidents")


@dataclass(frozen=True, slots=True)
class Delivery:
    """The bank has the ticket under `job_id`. When it was delivered is for the caller's clock to say."""

    job_id: str
    exchanges: tuple[Exchange, ...] = field(default=(), compare=False, repr=False)
    """what passed on the way, to be kept"""


class BankError(Exception):
    """The bank's wire failed."""

    retryable: ClassVar[bool] = False

    def __init__(self, bank_code: str, detail: str = "") -> None:
        """`bank_code` is the directory's; `detail` says what happened, with no personal data in it."""
        text = (type(self).__doc__ or "").strip()
        super().__init__(f"{bank_code}: {text}" + (f" ({detail})" if detail else ""))
        self.bank_code = bank_code
        self.detail = detail
        self.exchanges: tuple[Exchange, ...] = ()
        """what passed until it failed, to be kept"""


class BankUnreachable(BankError):
    """The bank could not be reached or cannot answer now; the same request may be sent again."""

    retryable = True

    def __init__(self, bank_code: str, detail: str = "", retry_after_seconds: float | None = None) -> None:
        """`retry_after_seconds` is what the bank asked for by Retry-After (429, 503), else None."""
        super().__init__(bank_code, detail)
        self.retry_after_seconds = retry_after_seconds


class BankBusy(BankUnreachable):
    """As many calls to the bank are under way as it is spared with at once."""


class BankRefused(BankError):
    """The bank refused the request; sending it again unchanged cannot help."""

    def __init__(self, bank_code: str, response_code: str, message: str = "") -> None:
        """`response_code` is the bank's or `HTTP-<status>`; `message`, its own words, is not in str(self)."""
        super().__init__(bank_code, f"response code {response_code}")
        self.response_code = response_code
        self.message = message


class BankLoginFailed(BankError):
    """The bank does not accept our login; a person must look at the credentials."""


class BankProtocolError(BankError):
    """The bank's reply is not of the agreed shape; whether it has the request is unknown."""

    # The Idempotency-Key makes a retransmission the same request, and a maintenance page goes away.
    retryable = True


class BankMisconfigured(BankError):
    """The bank's entry in the directory cannot be used."""


class BankNotReached(BankMisconfigured):
    """No channel of the bank has a message for this."""


class BankChannelGone(BankMisconfigured):
    """The bank says that this way to it is gone for good; another must be named in the directory."""


@contextmanager
def transcribed(channel: ChannelKind) -> Iterator[Transcript]:
    """What passes on the wire in one attempt; a `BankError` that ends it takes all of it along."""
    transcript = Transcript(channel)
    try:
        yield transcript
    except BankError as error:
        transcript.failed(f"{type(error).__name__}: {error.detail}".removesuffix(": "))
        error.exchanges = transcript.exchanges
        raise


Way_contra = TypeVar("Way_contra", contravariant=True)
"""how to reach one bank over one channel: a `BankWire` where it has an address of its own"""


class BankAdapter(Protocol[Way_contra]):
    """What every channel to the banks can do."""

    async def send_hold_request(self, bank: Way_contra, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Put `ticket` before `bank` within `timeout_seconds` in all, login included.

        Sending the same ticket twice is the same request (`request_id`). Raises BankUnreachable, BankRefused,
        BankLoginFailed, BankProtocolError or BankMisconfigured; each is a BankError with a `retryable` flag.
        """
        ...

    async def close(self) -> None:
        """Give back every connection. The adapter cannot be used afterwards."""
        ...


@runtime_checkable
class Chaser(Protocol[Way_contra]):
    """What a channel can do besides that has a message of its own for "what became of our request?"."""

    async def send_chaser(
        self,
        bank: Way_contra,
        request_id: UUID,
        references: Sequence[str],
        *,
        asked_at: datetime,
        timeout_seconds: float,
    ) -> None:
        """Ask what became of a request, and of which of its transfers; once for each `asked_at`. Raises BankError."""
        ...


@runtime_checkable
class ListAsker(Protocol[Way_contra]):
    """What a channel can do besides that has a message of its own for "which liens do you hold for us?"."""

    async def ask_for_liens(self, bank: Way_contra, wanted: ListWanted, *, timeout_seconds: float) -> None:
        """Put the question to the bank; twice is the same question (`inquiry_id`). Raises BankError."""
        ...


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """An order as a channel carries it: what the bank reads, and the signed paper where there is one.

    `order.order_id` is its idempotency key.
    """

    order: BankOrder
    paper_pdf: bytes = field(default=b"", repr=False)
    """the order as a paper; empty where none was issued"""


@runtime_checkable
class OrderTaker(Protocol[Way_contra]):
    """What a channel can do besides that has a message for an order to restore or to release."""

    async def send_order(self, bank: Way_contra, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        """Put an order before `bank`; as `BankAdapter.send_hold_request` in everything else."""
        ...


@runtime_checkable
class CancellationTaker(Protocol[Way_contra]):
    """What a channel can do besides that has a message for an order that is taken back."""

    async def send_cancellation(self, bank: Way_contra, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """Tell `bank` that an order is taken back; as `BankAdapter.send_hold_request` in everything else.

        `schemas.orders.orders.cancellation_id` of the order is its idempotency key.
        """
        ...
