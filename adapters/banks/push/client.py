"""The client of a bank's webhook, and what it demands."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final, Self

import orjson
from standardwebhooks import Webhook

from adapters.banks.answers import JsonObject
from adapters.banks.posting import Poster, Reply, ReplyTooLarge
from adapters.banks.protocol import (
    BankChannelGone,
    BankMisconfigured,
    BankRefused,
    BankUnreachable,
    BankWire,
    Delivery,
    HoldTicket,
    Incident,
    Instrument,
    OrderTicket,
    transcribed,
)
from adapters.clock import wall_clock
from adapters.transcript import Transcript
from schemas.banks.institutions import PushEntry
from schemas.base import FrozenModel
from schemas.case.hold_requests import HoldDemand, HoldHop, HoldInstrument, HoldRequested
from schemas.case.payer_inquiries import DebitAsked, DebitInquiry, DebitToFind
from schemas.enums import ChannelKind
from schemas.gateway.liens import LiensRequested, ListWanted
from schemas.recovery.orders import BankOrder, OrderCancelled, OrderIssued, OrderTakenBack, cancellation_id
from schemas.webhooks import secret_bytes


def hold_demand(ticket: HoldTicket, now: datetime) -> HoldDemand:
    """Return `ticket` as a bank reads it. `now` is used if the ticket has no time of request."""
    return HoldDemand(
        hold_id=ticket.request_id,
        ack_no=ticket.ack_no,
        category=ticket.sub_category,
        priority=ticket.priority,
        requested_at=ticket.requested_at or now,
        respond_by=ticket.respond_by,
        hold_until=ticket.hold_until,
        instrument=_instrument(ticket.instrument),
        hops=tuple(_hop(incident) for incident in ticket.incidents),
    )


def debit_inquiry(ticket: HoldTicket, now: datetime) -> DebitInquiry:
    """Return an inquiry's ticket as the victim's bank reads it. `now` stands for a missing time."""
    (incident,) = ticket.incidents
    return DebitInquiry(
        inquiry_id=ticket.request_id,
        ack_no=ticket.ack_no,
        category=ticket.sub_category,
        asked_at=ticket.requested_at or now,
        instrument=_instrument(ticket.instrument),
        transfer=DebitToFind(
            reference=incident.rrn, amount_paise=incident.amount_paise, transferred_at=incident.transferred_at
        ),
    )


def _instrument(instrument: Instrument) -> HoldInstrument:
    return HoldInstrument(
        requestor=instrument.requestor,
        payer_institution=instrument.payer_bank,
        payer_institution_code=instrument.payer_bank_code,
        payer_account=instrument.payer_account,
        payer_mobile=instrument.payer_mobile,
        mode=instrument.mode_of_payment,
        transaction_type=instrument.transaction_type,
        wallet=instrument.wallet,
        state=instrument.state,
        district=instrument.district,
    )


def _hop(incident: Incident) -> HoldHop:
    assert incident.hop_no is not None, "a ticket for webhook or feed has hop numbers"
    return HoldHop(
        hop=incident.hop_no,
        reference=incident.rrn,
        amount_paise=incident.amount_paise,
        disputed_paise=incident.disputed_paise,
        transferred_at=incident.transferred_at,
        layer=incident.layer,
    )


CONNECT_TIMEOUT_SECONDS: Final = 3.0
JOB_ID_MAX_CHARS: Final = 100
CODE_MAX_CHARS: Final = 20
MESSAGE_MAX_CHARS: Final = 500

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

_RETRY_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


def push_wire(code: str, entry: PushEntry) -> BankWire:
    """Return the wire of the bank with that code from its webhook entry, with the secrets decoded."""
    return BankWire(
        code=code,
        base_url=entry.url,
        email="",
        password="",
        envelope="none",
        webhook_secrets=tuple(secret_bytes(secret) for secret in entry.secrets),
    )


class PushAdapter:
    """Webhooks as a `BankAdapter`. A process has one instance, because it shares connections."""

    def __init__(
        self,
        *,
        allow_plain_http: bool = False,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        """Allow http beyond loopback with `allow_plain_http`.

        `tls` replaces the system's trusted certificates. `clock` gives UTC now.
        """
        self._poster = Poster(
            connect_timeout_seconds=connect_timeout_seconds, allow_plain_http=allow_plain_http, tls=tls
        )
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._poster.close()

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send `ticket` to `bank` as one event; see `BankAdapter.send_hold_request`.

        There is no login, so BankLoginFailed is not raised. A 410 reply raises BankChannelGone, because the bank has
        closed this webhook for good.
        """
        now = self._clock()
        event = HoldRequested(timestamp=now, data=hold_demand(ticket, now))
        return await self._deliver(bank, str(ticket.request_id), now, event, timeout_seconds)

    async def ask_payers_bank(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Ask the bank that was debited by one event; see `PayerAsker`.

        A bank that does not know this event refuses it with BankRefused.
        """
        now = self._clock()
        event = DebitAsked(timestamp=now, data=debit_inquiry(ticket, now))
        return await self._deliver(bank, str(ticket.request_id), now, event, timeout_seconds)

    async def send_order(self, bank: BankWire, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        """Send an order to `bank` as one event; see `OrderTaker`. The bank fetches the document from our API.

        A bank that does not know this event refuses it with BankRefused.
        """
        now, order_id = self._clock(), str(ticket.order.order_id)
        event = OrderIssued(timestamp=now, data=ticket.order)
        return await self._deliver(bank, order_id, now, event, timeout_seconds)

    async def send_cancellation(self, bank: BankWire, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """Tell `bank` by one event that an order is cancelled; see `CancellationTaker`.

        A bank that does not know this event refuses it with BankRefused.
        """
        assert order.cancelled_at is not None, "a cancellation is sent only for a cancelled order"
        now, event_id = self._clock(), str(cancellation_id(order.order_id))
        data = OrderTakenBack(
            order_id=order.order_id,
            kind=order.kind,
            ack_no=order.ack_no,
            cancelled_at=order.cancelled_at,
            lines=order.lines,
        )
        return await self._deliver(bank, event_id, now, OrderCancelled(timestamp=now, data=data), timeout_seconds)

    async def ask_for_liens(self, bank: BankWire, wanted: ListWanted, *, timeout_seconds: float) -> None:
        """Ask `bank` for its list of liens by one event; see `ListAsker`.

        A bank that does not know this event refuses it with BankRefused.
        """
        now = self._clock()
        event = LiensRequested(timestamp=now, data=wanted)
        _check(bank, await self._put(bank, str(wanted.inquiry_id), now, event, timeout_seconds))

    async def _deliver(
        self, bank: BankWire, event_id: str, now: datetime, event: FrozenModel, timeout_seconds: float
    ) -> Delivery:
        """Post one signed event and return its delivery."""
        with transcribed(ChannelKind.PUSH) as transcript:
            reply = await self._put(bank, event_id, now, event, timeout_seconds, transcript)
            return Delivery(_job_id(bank, event_id, reply), transcript.exchanges)

    async def _put(
        self,
        bank: BankWire,
        event_id: str,
        now: datetime,
        event: FrozenModel,
        timeout_seconds: float,
        transcript: Transcript | None = None,
    ) -> Reply:
        """Post one signed event and return the reply of any status."""
        if not bank.webhook_secrets:
            raise BankMisconfigured(bank.code, "its webhook has no secret")
        body = event.model_dump_json().encode()
        headers = signed_headers(event_id, now, body, bank.webhook_secrets)
        try:
            async with asyncio.timeout(timeout_seconds):
                kind = {"Content-Type": "application/json"}
                return await self._poster.post(bank, "", body, {**kind, **headers}, transcript)
        except TimeoutError:
            raise BankUnreachable(bank.code, f"no reply within {timeout_seconds:g} s") from None
        except ReplyTooLarge as error:
            raise BankUnreachable(bank.code, error.detail) from None


def signed_headers(event_id: str, now: datetime, body: bytes, secrets: tuple[bytes, ...]) -> dict[str, str]:
    """Return the three headers of Standard Webhooks, with one signature per secret; `now` is in UTC."""
    signatures = [Webhook(secret).sign(event_id, now, body.decode()) for secret in secrets]
    return {
        ID_HEADER: event_id,
        TIMESTAMP_HEADER: str(int(now.timestamp())),
        SIGNATURE_HEADER: " ".join(signatures),
    }


def _check(bank: BankWire, reply: Reply) -> JsonObject:
    """Return the JSON object of a reply that accepts the event, or raise the error that the reply means."""
    if reply.status == HTTPStatus.GONE:
        raise BankChannelGone(bank.code, f"HTTP {reply.status}")
    if reply.status in _RETRY_LATER or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise BankUnreachable(bank.code, f"HTTP {reply.status}", reply.retry_after_seconds)
    fields = _object(reply.body)
    if reply.status >= HTTPStatus.BAD_REQUEST:
        code = _text(fields.get("code"), CODE_MAX_CHARS) or f"HTTP-{reply.status}"
        raise BankRefused(bank.code, code, _text(fields.get("message"), MESSAGE_MAX_CHARS))
    return fields


def _job_id(bank: BankWire, event_id: str, reply: Reply) -> str:
    """Return the job id of a reply that accepts the event, or raise the error that the reply means."""
    fields = _check(bank, reply)
    job_id = _text(fields.get("job_id"), JOB_ID_MAX_CHARS + 1)
    # Without a usable job id the event id names the job. An answer is found without the bank's own id.
    return job_id if 0 < len(job_id) <= JOB_ID_MAX_CHARS else event_id


def _object(body: bytes) -> JsonObject:
    """Return the JSON object of a reply; empty if there is none."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _text(value: object, max_chars: int) -> str:
    """Return a text or whole number as storable text, cut to `max_chars`; "" for any other value."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "\ufffd").strip()[:max_chars]
