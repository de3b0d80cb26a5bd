"""Return what each wire sends for fixed examples: the bytes that banks, gateways and registers receive."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.banks.email import EmailAdapter, ReplyLink
from adapters.banks.envelope import seal
from adapters.banks.i4c.client import I4cAdapter
from adapters.banks.i4c.values import accepted_reply, encode_fraud_report, login_reply, refusal_reply, ticket_reply
from adapters.banks.iso20022.bank_side import Return, TransferStatus, encode_resolution, encode_return
from adapters.banks.iso20022.encode import encode_hold_request, encode_reminder
from adapters.banks.iso20022.orders import encode_cancellation, encode_order
from adapters.banks.protocol import BankWire, HoldTicket, Incident, Instrument, OrderTicket
from adapters.banks.push.client import PushAdapter, hold_demand
from adapters.messages.sms import SmsGateway, SmsWire
from adapters.police.cctns import CctnsRegister, CctnsWire, FirRequest, LostTransfer
from db.paging import to_cursor
from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import Institution
from schemas.gateway.liens import (
    Acknowledged,
    AnswerTaken,
    BankLiens,
    Compared,
    FeedHold,
    FeedPage,
    LienListTaken,
    ListWanted,
)
from schemas.recovery.orders import (
    BankOrder,
    BankOrderPage,
    Beneficiary,
    CancellationAcknowledged,
    ConfirmationTaken,
    OrderAcknowledged,
    OrderLine,
    OrderRefused,
)
from schemas.restoration_enums import FirKind, OrderKind, OrderReason, OrderState
from tests.asgi_server import served

NOW: Final = datetime(2026, 4, 12, 9, 30, 15, 250_000, tzinfo=UTC)
REQUEST_ID: Final = UUID("6f1c2e0a-3f6b-4f0e-9a55-0d8f7c1b2a34")
ORDER_ID: Final = UUID("0b7e64c1-52a9-4d0e-8a8f-1d2b3c4d5e6f")
OTHER_ID: Final = UUID("5d1f0e2c-7b6a-4c3d-9e8f-a0b1c2d3e4f5")
ACK_NO: Final = "31204260000017"
CASE: Final = "CASE-OF-THE-BANK-1"
KEYS: Final = {"aes_key": bytes(range(32)), "hmac_key": bytes(range(32, 64))}
SECRETS: Final = (bytes(range(32)), bytes(range(40, 72)))
TIMEOUT_SECONDS: Final = 10.0
NOT_OURS: Final = frozenset({"host", "user-agent", "accept", "accept-encoding", "connection", "content-length"})
"""Headers that the HTTP library adds."""

SMALL: Final = HoldTicket(
    request_id=REQUEST_ID,
    ack_no=ACK_NO,
    sub_category="UPI Related Frauds",
    instrument=Instrument(
        requestor="I4C-MHA",
        payer_bank="Demo Bank",
        payer_bank_code="DEMO",
        mode_of_payment="UPI",
        payer_mobile="9876543210",
        payer_account="30000000001",
        state="UTTAR PRADESH",
        district="LUCKNOW",
        transaction_type="P2P",
    ),
    incidents=(
        Incident(
            amount_paise=500_000,
            rrn="610212345678",
            transferred_at=datetime(2026, 4, 12, 8, 4, 5, tzinfo=UTC),
            disputed_paise=450_050,
            layer=2,
            hop_no=3,
        ),
    ),
)
LARGE: Final = HoldTicket(
    request_id=OTHER_ID,
    ack_no=ACK_NO,
    sub_category="Debit/Credit Card Fraud",
    instrument=Instrument("Police", "बैंक", "", "", "", "", "", "", "", "Wallet 1"),
    incidents=tuple(
        Incident(
            amount_paise=amount_paise,
            rrn=reference,
            transferred_at=datetime(2026, 4, 11, 18, 45, second, tzinfo=UTC),
            disputed_paise=amount_paise,
            layer=layer,
            hop_no=number,
        )
        for number, (amount_paise, reference, second, layer) in enumerate(
            [(1, "610112345671", 0, 1), (99, "SBINR52026041112345678", 1, 2), (12_34_56_789_05, "610112345673", 59, 9)],
            start=1,
        )
    ),
    priority=1,
    requested_at=NOW - timedelta(minutes=3),
    respond_by=NOW + timedelta(minutes=27),
)
TICKETS: Final = {"small": SMALL, "large": LARGE}


def order(kind: OrderKind, reason: OrderReason, *, cancelled: bool = False) -> BankOrder:
    """Return an order of two lines."""
    to = Beneficiary(institution="SBIN", holder="30000000001", ifsc="SBIN0000001")
    restores = kind is OrderKind.RESTORE
    return BankOrder(
        order_id=ORDER_ID,
        kind=kind,
        reason=reason,
        state=OrderState.DELIVERED,
        ack_no=ACK_NO,
        ordered_at=NOW,
        due_at=NOW + timedelta(days=3),
        paper_number="GH/2026/000017" if restores else "",
        cancelled_at=NOW + timedelta(hours=5) if cancelled else None,
        cancellation_open=cancelled,
        lines=tuple(
            OrderLine(
                line_no=number,
                hop=number + 2,
                reference=f"61021234567{number}",
                account="50100000000001",
                amount_paise=amount_paise,
                confirmed_paise=0,
                beneficiary=to if restores else None,
            )
            for number, amount_paise in enumerate((450_050, 7), start=1)
        ),
    )


ORDERS: Final = {
    "restore": order(OrderKind.RESTORE, OrderReason.RESTORATION),
    "release": order(OrderKind.RELEASE, OrderReason.GRIEVANCE),
}
CANCELLED: Final = order(OrderKind.RESTORE, OrderReason.RESTORATION, cancelled=True)
WANTED: Final = ListWanted(inquiry_id=OTHER_ID, asked_at=NOW, respond_by=NOW + timedelta(days=1))


@contextmanager
def fixed_nonces() -> Iterator[None]:
    """Give each envelope the same initialisation vector or nonce."""
    with patch("adapters.banks.envelope.os.urandom", bytes):
        yield


class Listener:
    """Keeps what arrives over HTTP, as text: path, headers of ours, body."""

    def __init__(self, reply: dict[str, Any]) -> None:
        self.reply = reply
        self.calls: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        ours = sorted((name, value) for name, value in request.headers.items() if name not in NOT_OURS)
        head = "".join(f"{name}: {value}\n" for name, value in ours)
        target = f"{request.method} {request.url.path}\n"
        self.calls.append(target.encode() + head.encode() + b"\n" + await request.body() + b"\n")
        response: Response = JSONResponse(self.reply)
        await response(scope, receive, send)

    def text(self) -> bytes:
        return b"\n".join(self.calls)


async def all_wires() -> dict[str, bytes]:
    """Return every example by the name of its golden file."""
    with fixed_nonces():
        return {
            **i4c_bodies(),
            **feed_bodies(),
            **iso_messages(),
            **await i4c_calls(),
            **await webhooks(),
            **await register_call(),
            **await sms_call(),
            **await letters(),
        }


# -- I4C ---------------------------------------------------------------------------------------------------------------


def bank(envelope: Any, base_url: str = "http://127.0.0.1:1") -> BankWire:
    keys: dict[str, Any] = {} if envelope == "none" else KEYS
    return BankWire("DEMO", base_url, "police@example.org", "made-up", envelope, **keys)


def i4c_bodies() -> dict[str, bytes]:
    """Return fraud reports, plain and sealed, and every reply."""
    found = {f"i4c/report-{name}.json": encode_fraud_report(ticket) for name, ticket in TICKETS.items()}
    for envelope in ("aes_cbc", "aes_gcm"):
        sealed = seal(encode_fraud_report(SMALL), bank(envelope))
        head = "".join(f"{name}: {value}\n" for name, value in sorted(sealed.headers.items()))
        found[f"i4c/report-{envelope}.txt"] = head.encode() + b"\n" + sealed.body + b"\n"
    replies = {
        "login": login_reply("a-token", 3600),
        "accepted": accepted_reply(ACK_NO, "JOB-1", accepted=3, duplicates=2, contradictions=1),
        "accepted-without-job": accepted_reply(ACK_NO, None, accepted=0, duplicates=0, contradictions=0),
        "ticket": ticket_reply(ACK_NO, "JOB-1"),
        "refusal": refusal_reply("422", "transactions[0].amount is not an amount"),
    }
    return found | {f"i4c/reply-{name}.json": orjson.dumps(reply) for name, reply in replies.items()}


async def i4c_calls() -> dict[str, bytes]:
    """Return a login and the report after it, as a bank receives them."""
    reply = {
        "meta": {"response_code": "00", "response_message": "OK"},
        "data": {"token": "a-token", "expires_in": 3600, "acknowledgement_no": ACK_NO, "job_id": "JOB-1"},
    }
    found = {}
    for envelope in ("none", "aes_gcm"):
        listener = Listener(reply)
        async with served(listener) as url, I4cAdapter() as adapter:
            await adapter.send_hold_request(bank(envelope, url), SMALL, timeout_seconds=TIMEOUT_SECONDS)
        found[f"i4c/call-{envelope}.txt"] = listener.text()
    return found


# -- webhooks and feed -------------------------------------------------------------------------------------------------


async def webhooks() -> dict[str, bytes]:
    """Return every event of the webhook with its signatures."""
    found = {}
    for name in (
        "hold-small",
        "hold-large",
        "order-restore",
        "order-release",
        "order-cancelled",
        "liens",
        "debit-small",
    ):
        listener = Listener({"job_id": "JOB-1"})
        async with served(listener) as url, PushAdapter(clock=lambda: NOW) as adapter:
            wire = BankWire("DEMO", url, "", "", "none", webhook_secrets=SECRETS)
            await _push(adapter, wire, name)
        found[f"push/{name}.txt"] = listener.text()
    return found


async def _push(adapter: PushAdapter, wire: BankWire, name: str) -> None:
    what, _, which = name.partition("-")
    if what == "hold":
        await adapter.send_hold_request(wire, TICKETS[which], timeout_seconds=TIMEOUT_SECONDS)
    elif what == "debit":
        await adapter.ask_payers_bank(wire, TICKETS[which], timeout_seconds=TIMEOUT_SECONDS)
    elif what == "liens":
        await adapter.ask_for_liens(wire, WANTED, timeout_seconds=TIMEOUT_SECONDS)
    elif which == "cancelled":
        await adapter.send_cancellation(wire, CANCELLED, timeout_seconds=TIMEOUT_SECONDS)
    else:
        await adapter.send_order(wire, OrderTicket(ORDERS[which]), timeout_seconds=TIMEOUT_SECONDS)


def feed_bodies() -> dict[str, bytes]:
    """Return what a bank reads and gets back at its own interface."""
    holds = tuple(
        FeedHold.model_validate(
            hold_demand(ticket, NOW).model_dump() | {"status": status, "changed_at": NOW, "version": 7}
        )
        for ticket, status in ((SMALL, "open"), (LARGE, "answered"))
    )
    replies = {
        "page": FeedPage(items=holds, next=to_cursor(17), more=True, list_wanted=WANTED, orders_waiting=2),
        "page-empty": FeedPage(items=(), next=to_cursor(0), more=False),
        "acknowledged": Acknowledged(hold_id=REQUEST_ID, acknowledged_at=NOW),
        "answer-taken": AnswerTaken(hold_id=REQUEST_ID, accepted=2, duplicates=1, contradictions=1),
        "orders": BankOrderPage(items=(*ORDERS.values(), CANCELLED), next=to_cursor(5)),
        "order-acknowledged": OrderAcknowledged(order_id=ORDER_ID, acknowledged_at=NOW),
        "order-refused": OrderRefused(order_id=ORDER_ID, state=OrderState.REFUSED),
        "cancellation-acknowledged": CancellationAcknowledged(order_id=ORDER_ID, acknowledged_at=NOW),
        "confirmation": ConfirmationTaken(
            order_id=ORDER_ID, state=OrderState.DELIVERED, applied=1, duplicates=1, contradictions=0
        ),
        "liens": BankLiens(
            wanted=WANTED,
            last=LienListTaken(
                list_id="L-1",
                pages=2,
                pages_missing=(),
                compared=Compared(reconciliation_id=4, rows_in=3, rows_matched=2, rows_differing=1, missing=1),
            ),
        ),
    }
    return {f"feed/{name}.json": reply.model_dump_json().encode() for name, reply in replies.items()}


# -- ISO 20022 ---------------------------------------------------------------------------------------------------------


def iso_messages() -> dict[str, bytes]:
    """Return every message that we write, with and without a header, and what banks write to us."""
    found = {}
    for header, more in (("", {}), ("-with-header", {"bic": "DEMOINBB", "with_header": True})):
        options: dict[str, Any] = more
        for name, ticket in TICKETS.items():
            found[f"hold-{name}{header}"] = encode_hold_request("DEMO", ticket, created_at=NOW, **options)
        found[f"chaser{header}"] = encode_reminder(
            "DEMO", REQUEST_ID, ["610212345678", "610112345671"], created_at=NOW, **options
        )
        for name, one in ORDERS.items():
            found[f"order-{name}{header}"] = encode_order("DEMO", one, created_at=NOW, **options)
        found[f"cancellation{header}"] = encode_cancellation("DEMO", CANCELLED, **options)
    statuses = [
        TransferStatus(
            reference="610212345678", status="ACCR", held_paise=450_050, transfer_paise=500_000, transaction="H-1"
        ),
        TransferStatus(reference="610112345671", status="RJCR", reason="AM04", note="moved on by UPI"),
        TransferStatus(reference="610112345673", status="PDCR", held_on=NOW),
    ]
    returns = [
        Return(
            reference="610212345678", returned_paise=450_050, transfer_paise=500_000, settled_on=NOW, return_id="R-1"
        ),
        Return(reference="610112345671", returned_paise=1),
    ]
    for name, said in (("resolution", statuses), ("resolution-whole", statuses[:1]), ("resolution-none", [])):
        if said:
            found[name] = encode_resolution("DEMO", OTHER_ID, CASE, said, created_at=NOW)
    found["return"] = encode_return("DEMO", OTHER_ID, CASE, returns, created_at=NOW)
    return {f"iso20022/{name}.xml": body for name, body in found.items()}


# -- people ------------------------------------------------------------------------------------------------------------


async def register_call() -> dict[str, bytes]:
    """Return what the register of FIRs receives."""
    listener = Listener({"fir_no": "0017/2026", "registered_at": NOW.isoformat()})
    request = FirRequest(
        fir_id=REQUEST_ID,
        kind=FirKind.E_ZERO_FIR,
        case_no=ACK_NO,
        category="upi_fraud",
        sections=("318(4)", "66D"),
        loss_paise=500_000,
        complained_at=NOW,
        complainant_name="A. Victim",
        complainant_mobile="9876543210",
        district="LUCKNOW",
        transfers=(LostTransfer("610212345678", 500_000, NOW, "HDFC"),),
    )
    async with served(listener) as url:
        wire = CctnsWire(url, "goldenhour", b"k" * 32)
        async with CctnsRegister(wire, clock=lambda: NOW) as register:
            await register.register(request, timeout_seconds=TIMEOUT_SECONDS)
    return {"police/fir.txt": listener.text()}


async def sms_call() -> dict[str, bytes]:
    """Return what the gateway of short messages receives."""
    listener = Listener({"id": "M-1"})
    async with served(listener) as url, SmsGateway(SmsWire(url, "GOLDHR", "a-token")) as gateway:
        await gateway.send("9876543210", "शिकायत 31204260000017", str(REQUEST_ID))
    return {"messages/sms.txt": listener.text()}


class _Post:
    """A mail route that keeps what makes a letter readable by a machine: identifier, attachments' names and tables."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    async def send(self, _to: str, _subject: str, _text: str, identifier: str, **more: Any) -> None:
        self.kept.append(f"Message-ID: {identifier}\n")
        for attachment in more.get("attachments", ()):
            self.kept.append(f"{attachment.name}\n{getattr(attachment, 'text', '')}")


class _Links:
    async def issue(self, *_: object) -> ReplyLink:
        return ReplyLink("https://police.example/answer/a-token", NOW + timedelta(days=1))

    async def sent(self, *_: object) -> None:
        return


async def letters() -> dict[str, bytes]:
    """Return the parts of letters to banks that machines read; how a letter is worded is not one."""
    post, found = _Post(), {}
    adapter = EmailAdapter(post, _Links(), lambda: HolidayRules(source="made up"))  # type: ignore[arg-type]
    to = Institution.model_validate(
        {
            "code": "DEMO",
            "name": "Demo Bank",
            "kind": "bank",
            "ifsc_prefixes": ["DEMO"],
            "vpa_handles": [],
            "aliases": [],
            "answer_class": "mail",
            "channels": ["email"],
            "desk_email": "desk@demo.example",
        }
    )
    for name, ticket in TICKETS.items():
        await adapter.send_hold_request(to, ticket, timeout_seconds=TIMEOUT_SECONDS)
        found[f"letters/hold-{name}.txt"] = "".join(post.kept).encode()
        post.kept.clear()
    await adapter.send_order(to, OrderTicket(ORDERS["restore"], b"%PDF"), timeout_seconds=TIMEOUT_SECONDS)
    await adapter.send_cancellation(to, CANCELLED, timeout_seconds=TIMEOUT_SECONDS)
    return found | {"letters/order.txt": "".join(post.kept).encode()}
