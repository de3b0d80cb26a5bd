"""The webhook client against a bank over real HTTP: what it sends, how it signs, and every way it can fail."""

import asyncio
import json
import ssl
import time
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.banks.posting import RETRY_AFTER_MAX_SECONDS
from adapters.banks.protocol import (
    BankAdapter,
    BankChannelGone,
    BankError,
    BankMisconfigured,
    BankProtocolError,
    BankRefused,
    BankUnreachable,
    BankWire,
    Delivery,
    HoldTicket,
)
from adapters.banks.push.client import PushAdapter, debit_inquiry, hold_demand, push_wire
from schemas.banks.institutions import PushEntry
from schemas.banks.keys import REPLY_MAX_BYTES
from schemas.case.hold_requests import HoldRequested
from schemas.case.payer_inquiries import DebitAsked
from schemas.gateway.liens import ListWanted
from tests.adapters.fake_bank import STARTED_POLL_SECONDS, Answer, http, raw_server, says, waits
from tests.adapters.wires import ACK_NO, REQUEST_ID, TRANSFERRED_AT, incident, ticket
from tests.each import each

TIMEOUT_SECONDS = 5.0
NEW, OLD = bytes(range(32)), bytes(range(32, 64))


def whsec(secret: bytes) -> str:
    return "whsec_" + b64encode(secret).decode()


@dataclass
class Hook:
    """A bank's webhook: keeps what came, answers what it is told to, else 202."""

    url: str
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    odd: deque[Answer] = field(default_factory=deque)

    async def take(self, request: Request) -> Response:
        self.came.append((dict(request.headers), await request.body()))
        return await self.odd.popleft()(request) if self.odd else JSONResponse({"job_id": "BANKS-7"}, 202)

    def wire(self, *secrets: bytes) -> BankWire:
        return wire(self.url, *secrets)


def wire(url: str, *secrets: bytes) -> BankWire:
    entry = PushEntry.model_validate({"url": url, "secrets": [whsec(secret) for secret in secrets or (NEW,)]})
    return push_wire("DEMO", entry)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Hook]:
    hook = Hook("")

    async def take(request: Request) -> Response:
        return await hook.take(request)

    app = Starlette(routes=[Route("/hooks/", take, methods=["POST"])])
    app.router.redirect_slashes = False
    serving = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(serving._serve())
    while not serving.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(STARTED_POLL_SECONDS)
    hook.url = f"http://127.0.0.1:{serving.servers[0].sockets[0].getsockname()[1]}/hooks/"
    yield hook
    serving.should_exit = True
    await running


@pytest.fixture
def hook(server: Hook) -> Hook:
    server.came.clear()
    server.odd.clear()
    return server


@pytest.fixture
async def adapter() -> AsyncIterator[PushAdapter]:
    async with PushAdapter() as opened:
        yield opened


def demand_ticket() -> HoldTicket:
    return replace(
        ticket(incident(hop_no=3)),
        priority=1,
        requested_at=datetime(2026, 4, 12, 8, 10, tzinfo=UTC),
        respond_by=datetime(2026, 4, 12, 8, 20, tzinfo=UTC),
    )


async def send(adapter: BankAdapter[BankWire], bank: BankWire, timeout_seconds: float = TIMEOUT_SECONDS) -> Delivery:
    return await adapter.send_hold_request(bank, demand_ticket(), timeout_seconds=timeout_seconds)


async def failing(
    adapter: BankAdapter[BankWire], bank: BankWire, timeout_seconds: float = TIMEOUT_SECONDS
) -> BankError:
    with pytest.raises(BankError) as caught:
        await send(adapter, bank, timeout_seconds)
    return caught.value


# -- what goes out -----------------------------------------------------------------------------------------------------


async def test_one_event_in_clean_json(hook: Hook, adapter: PushAdapter) -> None:
    before = datetime.now(UTC)
    assert await send(adapter, hook.wire()) == Delivery("BANKS-7")
    ((headers, body),) = hook.came
    event = json.loads(body)
    assert before <= datetime.fromisoformat(event.pop("timestamp")) <= datetime.now(UTC)
    assert event == {
        "type": "hold.requested",
        "data": {
            "hold_id": str(REQUEST_ID),
            "ack_no": ACK_NO,
            "category": "UPI Related Frauds",
            "priority": 1,
            "requested_at": "2026-04-12T08:10:00Z",
            "respond_by": "2026-04-12T08:20:00Z",
            "instrument": {
                "requestor": "I4C-MHA",
                "payer_institution": "Demo Bank",
                "payer_institution_code": "DEMO",
                "payer_account": "00012345678901",
                "payer_mobile": "9000000001",
                "mode": "UPI",
                "transaction_type": "UPI",
                "wallet": "",
                "state": "UTTAR PRADESH",
                "district": "LUCKNOW",
            },
            "hops": [
                {
                    "hop": 3,
                    "reference": "610212345678",
                    "amount_paise": 500_000,
                    "disputed_paise": 450_050,
                    "transferred_at": TRANSFERRED_AT.isoformat().replace("+00:00", "Z"),
                    "layer": 2,
                }
            ],
        },
    }
    assert HoldRequested.model_validate_json(body).data == hold_demand(demand_ticket(), before)
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == str(REQUEST_ID)
    assert headers["accept-encoding"] == "identity"


async def test_a_victims_bank_gets_an_event_of_its_own(hook: Hook, adapter: PushAdapter) -> None:
    told = demand_ticket()
    assert await adapter.ask_payers_bank(hook.wire(), told, timeout_seconds=TIMEOUT_SECONDS) == Delivery("BANKS-7")
    ((headers, body),) = hook.came
    Webhook(whsec(NEW)).verify(body, headers)
    event = DebitAsked.model_validate_json(body)
    assert (event.type, event.data) == ("debit.asked", debit_inquiry(told, event.timestamp))
    assert headers["webhook-id"] == str(event.data.inquiry_id) == str(REQUEST_ID)


async def test_a_bank_verifies_it_with_the_standard_library(hook: Hook, adapter: PushAdapter) -> None:
    await send(adapter, hook.wire())
    ((headers, body),) = hook.came
    Webhook(whsec(NEW)).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(whsec(OLD)).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(whsec(NEW)).verify(body.replace(b"450050", b"450051"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(whsec(NEW)).verify(body, {**headers, "webhook-id": str(uuid4())})


async def test_while_the_secret_changes_both_open_it(hook: Hook, adapter: PushAdapter) -> None:
    await send(adapter, hook.wire(NEW, OLD))
    ((headers, body),) = hook.came
    assert [signature[:3] for signature in headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]
    for secret in (NEW, OLD):
        Webhook(whsec(secret)).verify(body, headers)


async def test_the_same_ticket_again_has_the_same_id_and_a_signature_of_its_own_time(hook: Hook) -> None:
    moments = deque(datetime(2026, 4, 12, 8, minute, 0, 999_999, tzinfo=UTC) for minute in (10, 11))
    async with PushAdapter(clock=moments.popleft) as adapter:
        await send(adapter, hook.wire())
        await send(adapter, hook.wire())
    first, second = (headers for headers, _ in hook.came)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 60
    assert first["webhook-timestamp"] == "1775981400"
    assert first["webhook-signature"] != second["webhook-signature"]
    demands = [HoldRequested.model_validate_json(body).data for _, body in hook.came]
    assert demands[0] == demands[1]


async def test_without_a_time_of_request_it_is_now(hook: Hook) -> None:
    now = datetime(2026, 4, 12, 9, 0, tzinfo=UTC)
    bare = ticket(incident(hop_no=1))
    async with PushAdapter(clock=lambda: now) as adapter:
        await adapter.send_hold_request(hook.wire(), bare, timeout_seconds=TIMEOUT_SECONDS)
    demand = HoldRequested.model_validate_json(hook.came[0][1]).data
    assert (demand.requested_at, demand.respond_by, demand.priority) == (now, None, 5)


# -- what comes back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "job_id"),
    [
        (says({"job_id": "B-1"}), "B-1"),
        (says({"job_id": 17}, 201), "17"),
        (says(b"", 204), str(REQUEST_ID)),
        (says(b"ok"), str(REQUEST_ID)),
        (says(b"[1]"), str(REQUEST_ID)),
        (says({}), str(REQUEST_ID)),
        (says({"job_id": ""}), str(REQUEST_ID)),
        (says({"job_id": None}), str(REQUEST_ID)),
        (says({"job_id": True}), str(REQUEST_ID)),
        (says({"job_id": ["x"]}), str(REQUEST_ID)),
        (says({"job_id": "x" * 101}), str(REQUEST_ID)),
        (says(b"[" * 60_000), str(REQUEST_ID)),
        (says({"job_id": "a\0b"}), "a\ufffdb"),
    ],
)
async def test_every_2xx_is_delivered(hook: Hook, adapter: PushAdapter, answer: Answer, job_id: str) -> None:
    hook.odd.append(answer)
    assert await send(adapter, hook.wire()) == Delivery(job_id)


async def test_gone_closes_the_channel_for_good(hook: Hook, adapter: PushAdapter) -> None:
    hook.odd.append(says({"code": "X"}, 410))
    error = await failing(adapter, hook.wire())
    assert isinstance(error, BankChannelGone)
    assert isinstance(error, BankMisconfigured)
    assert not error.retryable


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_not_now(hook: Hook, adapter: PushAdapter, status: int) -> None:
    hook.odd.append(says(b"<html>down</html>", status))
    error = await failing(adapter, hook.wire())
    assert isinstance(error, BankUnreachable)
    assert error.retryable
    assert error.retry_after_seconds is None
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("999999", RETRY_AFTER_MAX_SECONDS), ("soon", None)])
async def test_retry_after_is_honoured(
    hook: Hook, adapter: PushAdapter, status: int, header: str, seconds: float | None
) -> None:
    hook.odd.append(says({}, status, Retry_After=header))
    error = await failing(adapter, hook.wire())
    assert isinstance(error, BankUnreachable)
    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (says(b"<html>", 404), "HTTP-404", ""),
        (says({}, 400), "HTTP-400", ""),
        (says({}, 401), "HTTP-401", ""),
        (says({"code": "20", "message": "no account 00012345678901"}, 422), "20", "no account 00012345678901"),
        (says({"code": 15, "message": 3}, 409), "15", "3"),
        (says({"code": {}, "message": []}, 409), "HTTP-409", ""),
        (says({"code": "9" * 500, "message": "x" * 5000}, 400), "9" * 20, "x" * 500),
    ],
)
async def test_refusals_are_typed_and_never_repeat_the_banks_text(
    hook: Hook, adapter: PushAdapter, answer: Answer, code: str, message: str
) -> None:
    hook.odd.append(answer)
    error = await failing(adapter, hook.wire())
    assert isinstance(error, BankRefused)
    assert not error.retryable
    assert (error.response_code, error.message) == (code, message)
    assert "00012345678901" not in str(error)


async def test_a_huge_reply_is_not_read_to_its_end(hook: Hook, adapter: PushAdapter) -> None:
    hook.odd.append(says(b" " * (50 * REPLY_MAX_BYTES)))
    error = await failing(adapter, hook.wire())
    assert isinstance(error, BankUnreachable)
    assert "larger" in str(error)
    assert (await send(adapter, hook.wire())).job_id


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(hook: Hook, adapter: PushAdapter, status: int) -> None:
    hook.odd.append(says({}, status, Location=hook.url))
    assert isinstance(await failing(adapter, hook.wire()), BankProtocolError)
    assert len(hook.came) == 1


# -- time and transport ------------------------------------------------------------------------------------------------


async def test_a_slow_bank_costs_no_more_than_the_time_given(hook: Hook, adapter: PushAdapter) -> None:
    hook.odd.append(waits(1.0))
    started = time.monotonic()
    error = await failing(adapter, hook.wire(), 0.1)
    assert time.monotonic() - started < 0.6
    assert isinstance(error, BankUnreachable)


async def test_no_server_listens(adapter: PushAdapter) -> None:
    async with raw_server([]) as (bank, _):
        pass
    assert isinstance(await failing(adapter, wire(bank.base_url)), BankUnreachable)


async def test_a_connection_that_breaks_is_replaced_once_at_once(adapter: PushAdapter) -> None:
    async with raw_server([None, http(b'{"job_id":"B-2"}')]) as (bank, requests):
        assert (await send(adapter, wire(bank.base_url))).job_id == "B-2"
    ids = [line for request in requests for line in request.splitlines() if line.lower().startswith(b"webhook-id")]
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_a_connection_that_keeps_breaking_is_unreachable(adapter: PushAdapter) -> None:
    async with raw_server([]) as (bank, requests):
        assert isinstance(await failing(adapter, wire(bank.base_url)), BankUnreachable)
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("reply", "expected"),
    [(b"SSH-2.0-OpenSSH_9.9\r\n\r\n", BankProtocolError), (http(b'{"job_id"', length=500), BankUnreachable)],
)
async def test_what_is_no_http(adapter: PushAdapter, reply: bytes, expected: type[BankError]) -> None:
    async with raw_server([reply, reply]) as (bank, _):
        assert type(await failing(adapter, wire(bank.base_url))) is expected


@pytest.mark.parametrize(
    "url",
    ["http://bank.example/hook", "https://user:pw@bank.example", "https://bank.example/?token=1", "https://[::1"],
)
async def test_addresses_that_are_not_called(adapter: PushAdapter, url: str) -> None:
    assert isinstance(await failing(adapter, wire(url), 1.0), BankMisconfigured)


async def test_plain_http_elsewhere_where_it_is_allowed() -> None:
    async with PushAdapter(allow_plain_http=True, connect_timeout_seconds=0.2) as adapter:
        # A name that RFC 6761 keeps from resolving: the call gets as far as that.
        assert isinstance(await failing(adapter, wire("http://bank.invalid"), 1.0), BankUnreachable)


async def test_tls_is_checked_against_the_trust_given() -> None:
    async with raw_server([]) as (bank, _), PushAdapter(tls=ssl.create_default_context()) as adapter:
        secure = wire(bank.base_url.replace("http://", "https://"))
        assert isinstance(await failing(adapter, secure), BankUnreachable)


async def test_a_bank_without_a_secret_is_misconfigured(hook: Hook, adapter: PushAdapter) -> None:
    error = await failing(adapter, replace(hook.wire(), webhook_secrets=()))
    assert isinstance(error, BankMisconfigured)
    assert hook.came == []


async def test_closing_twice_or_unused_does_no_harm() -> None:
    unused = PushAdapter()
    await unused.close()
    await unused.close()


# -- the other question ------------------------------------------------------------------------------------------------


async def test_the_list_of_liens_is_asked_for_by_one_signed_event(hook: Hook, adapter: PushAdapter) -> None:
    now = datetime.now(UTC)
    wanted = ListWanted(inquiry_id=uuid4(), asked_at=now, respond_by=now)
    for _ in range(2):
        await adapter.ask_for_liens(hook.wire(), wanted, timeout_seconds=TIMEOUT_SECONDS)
    for headers, body in hook.came:
        assert headers["webhook-id"] == str(wanted.inquiry_id)
        told = Webhook(NEW).verify(body.decode(), headers)
        assert (told["type"], told["data"]) == ("liens.requested", json.loads(wanted.model_dump_json()))
    assert len(hook.came) == 2


# -- the directory's entry ---------------------------------------------------------------------------------------------


@each(
    "secrets",
    [
        [],
        [whsec(NEW), whsec(OLD), whsec(NEW)],
        [b64encode(NEW).decode()],
        ["whsec_"],
        ["whsec_" + b64encode(b"x" * 23).decode()],
        ["whsec_" + b64encode(b"x" * 65).decode()],
        [whsec(NEW)[:-1]],
        ["whsec_*" + b64encode(NEW).decode()],
        ["whsec_ü"],
    ],
)
def test_secrets_that_could_not_sign_are_refused_unspoken(secrets: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        PushEntry.model_validate({"url": "https://bank.example/hook", "secrets": secrets})
    words: Any = caught.value.errors(include_input=False, include_url=False, include_context=False)
    assert all(secret.removeprefix("whsec_") not in str(words) for secret in secrets if len(secret) > 10)


def test_no_secret_shows_itself() -> None:
    bank = wire("https://bank.example/hook", NEW, OLD)
    assert "webhook_secrets" not in repr(bank)
    assert bank.webhook_secrets == (NEW, OLD)
    assert PushEntry.model_validate({"url": "https://bank.example", "secrets": [whsec(NEW)]}).kind == "push"
    shown = repr(HoldRequested(timestamp=datetime.now(UTC), data=hold_demand(demand_ticket(), datetime.now(UTC))))
    assert "00012345678901" not in shown
    assert "9000000001" not in shown
