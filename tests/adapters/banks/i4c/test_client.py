"""The I4C client against a bank over real HTTP: what it sends, how it logs in, and every way it can fail."""

import asyncio
import json
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest

from adapters.banks.envelope import IV_BYTES, NONCE_BYTES
from adapters.banks.i4c.client import I4cAdapter
from adapters.banks.i4c.values import encode_fraud_report, login_reply, refusal_reply, ticket_reply
from adapters.banks.posting import RETRY_AFTER_MAX_SECONDS
from adapters.banks.protocol import (
    BankAdapter,
    BankError,
    BankLoginFailed,
    BankMisconfigured,
    BankProtocolError,
    BankRefused,
    BankUnreachable,
    BankWire,
    Delivery,
)
from schemas.banks.institutions import EnvelopeKind
from schemas.banks.keys import REPLY_MAX_BYTES
from tests.adapters.fake_bank import Street, http, raw_server, says, waits
from tests.adapters.wires import ACK_NO, PASSWORD, REQUEST_ID, ticket, wire

TIMEOUT_SECONDS = 5.0


@pytest.fixture
async def adapter() -> AsyncIterator[I4cAdapter]:
    async with I4cAdapter() as opened:
        yield opened


async def send(adapter: BankAdapter[BankWire], bank: BankWire, timeout_seconds: float = TIMEOUT_SECONDS) -> Delivery:
    return await adapter.send_hold_request(bank, ticket(), timeout_seconds=timeout_seconds)


async def failing(
    adapter: BankAdapter[BankWire], bank: BankWire, timeout_seconds: float = TIMEOUT_SECONDS
) -> BankError:
    with pytest.raises(BankError) as caught:
        await send(adapter, bank, timeout_seconds)
    return caught.value


# -- what goes out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("envelope", ["aes_cbc", "aes_gcm", "none"])
async def test_a_ticket_is_delivered_as_the_bank_expects_it(
    street: Street, adapter: I4cAdapter, envelope: EnvelopeKind
) -> None:
    async with street.bank(envelope=envelope) as bank:
        assert await send(adapter, bank.wire) == Delivery(job_id="BANKS-1")
    (report,) = bank.reports_seen
    (headers,) = bank.headers_seen
    sent = ticket()
    assert report.ack_no == ACK_NO
    assert report.instrument == sent.instrument
    assert [(i.amount_paise, i.disputed_paise, i.rrn, i.layer) for i in report.incidents] == [
        (500_000, 450_050, "610212345678", 2)
    ]
    assert report.incidents[0].transferred_at == sent.incidents[0].transferred_at
    assert headers["idempotency-key"] == str(REQUEST_ID)
    assert headers["authorization"] == "Bearer token-1"
    assert headers["content-type"] == ("application/json" if envelope == "none" else "text/plain")
    assert headers["accept-encoding"] == "identity"
    assert "x-goldenhour-signature" in headers


async def test_the_same_ticket_again_is_the_same_request(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        first, second = await send(adapter, bank.wire), await send(adapter, bank.wire)
    assert first == second
    assert len(bank.jobs) == 1


@pytest.mark.parametrize("envelope", ["aes_cbc", "none"])
async def test_b5_a_report_that_went_out_before_is_sent_as_it_was(
    street: Street, adapter: I4cAdapter, envelope: EnvelopeKind
) -> None:
    now = ticket()
    before = replace(now, incidents=(replace(now.incidents[0], disputed_paise=1_00),))
    async with street.bank(envelope=envelope) as bank:
        again = replace(now, report_before=encode_fraud_report(before))
        await adapter.send_hold_request(bank.wire, again, timeout_seconds=TIMEOUT_SECONDS)
    (report,) = bank.reports_seen
    assert [incident.disputed_paise for incident in report.incidents] == [1_00]


async def test_a_bank_may_have_other_paths_and_another_outer_form(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        bank.login_path, bank.report_path = "/v2/sign-in", "/v2/fraud/report"
        bank.wire = replace(bank.wire, login_path=bank.login_path, report_path=bank.report_path)
        bank.wire = replace(bank.wire, ciphertext_member="encData")
        assert await send(adapter, bank.wire) == Delivery(job_id="BANKS-1")
    ((body,), (headers,)) = bank.bodies_seen, bank.headers_seen
    assert list(json.loads(body)) == ["encData"]
    assert headers["content-type"] == "application/json"


async def test_a_slash_at_the_end_of_the_address_does_no_harm(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        await send(adapter, replace(bank.wire, base_url=bank.wire.base_url + "/"))


# -- logging in --------------------------------------------------------------------------------------------------------


async def test_fifty_calls_at_once_log_in_once(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        bank.login_seconds = 0.05
        sent = [
            adapter.send_hold_request(bank.wire, ticket(request_id=uuid4()), timeout_seconds=TIMEOUT_SECONDS)
            for _ in range(50)
        ]
        delivered = await asyncio.gather(*sent)
    assert len({delivery.job_id for delivery in delivered}) == 50
    assert bank.logins_seen == 1


async def test_fifty_calls_with_a_token_the_bank_forgot_log_in_once_more(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        await send(adapter, bank.wire)
        bank.forget_tokens()
        await asyncio.gather(*[send(adapter, bank.wire) for _ in range(50)])
    assert bank.logins_seen == 2


@pytest.mark.parametrize(("envelope", "start_bytes"), [("aes_cbc", IV_BYTES), ("aes_gcm", NONCE_BYTES)])
async def test_d10_every_sending_has_its_own_iv(
    street: Street, adapter: I4cAdapter, envelope: EnvelopeKind, start_bytes: int
) -> None:
    async with street.bank(envelope=envelope) as bank:
        await send(adapter, bank.wire)
        bank.forget_tokens()
        await send(adapter, bank.wire)
    assert {headers["idempotency-key"] for headers in bank.headers_seen} == {str(REQUEST_ID)}
    assert len({b64decode(body)[:start_bytes] for body in bank.bodies_seen}) == len(bank.bodies_seen) == 3
    assert len({headers["x-goldenhour-signature"] for headers in bank.headers_seen}) == 3
    assert len(bank.jobs) == 1


async def test_a_new_token_that_is_refused_too_is_for_another_time(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        bank.odd_reports.extend([says({}, 401), says({}, 401)])
        error = await failing(adapter, bank.wire)
    assert isinstance(error, BankUnreachable)
    assert bank.logins_seen == 2


async def test_a_refused_login_is_shared_not_repeated(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank(password="wrong") as bank:
        bank.login_seconds = 0.05
        errors = await asyncio.gather(*[send(adapter, bank.wire) for _ in range(20)], return_exceptions=True)
    assert {type(error) for error in errors} == {BankLoginFailed}
    assert bank.logins_seen == 1


async def test_new_credentials_are_used_at_once(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        await send(adapter, bank.wire)
        assert isinstance(await failing(adapter, replace(bank.wire, password="changed")), BankLoginFailed)
        await send(adapter, replace(bank.wire, email="other@example.org", password=PASSWORD))
    assert bank.logins_seen == 3


@pytest.mark.parametrize(
    ("life", "logins"), [(0, 2), (-5, 2), ("0", 2), (3600, 1), ("3600", 1), (None, 1), ("soon", 1), ([], 1), (1e300, 1)]
)
async def test_a_token_is_kept_as_long_as_the_bank_says(
    street: Street, adapter: I4cAdapter, life: Any, logins: int
) -> None:
    async with street.bank() as bank:
        bank.token_life_seconds = life
        await send(adapter, bank.wire)
        await send(adapter, bank.wire)
    assert bank.logins_seen == logins


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says({}, 403), BankLoginFailed),
        (says(refusal_reply("20", "blocked"), 200), BankLoginFailed),
        (says({}, 500), BankUnreachable),
        (says({}, 429), BankUnreachable),
        (says(b"<html>", 200), BankProtocolError),
        (says({"meta": {"response_code": "00"}, "data": {}}), BankProtocolError),
        (says(login_reply("a\r\nX-Evil: 1", 60)), BankProtocolError),
        (says(login_reply("zwei worte", 60)), BankProtocolError),
        (says(login_reply("ü", 60)), BankProtocolError),
        (says(login_reply("x" * 5000, 60)), BankProtocolError),
        (says({"meta": 1, "data": [1]}), BankProtocolError),
    ],
)
async def test_logins_that_fail(street: Street, adapter: I4cAdapter, answer: Any, expected: type[BankError]) -> None:
    async with street.bank() as bank:
        bank.odd_logins.append(answer)
        assert type(await failing(adapter, bank.wire)) is expected
        await send(adapter, bank.wire)
    assert bank.logins_seen == 2


async def test_a_login_has_its_own_time(street: Street) -> None:
    async with street.bank() as bank, I4cAdapter(login_timeout_seconds=0.05) as adapter:
        bank.login_seconds = 1.0
        error = await failing(adapter, bank.wire)
    assert isinstance(error, BankUnreachable)
    assert "login" in str(error)


async def test_a_caller_who_leaves_does_not_take_the_login_from_the_others(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        bank.login_seconds = 0.1
        impatient = asyncio.create_task(send(adapter, bank.wire, 0.02))
        patient = asyncio.create_task(send(adapter, bank.wire))
        with pytest.raises(BankUnreachable):
            await impatient
        assert (await patient).job_id
    assert bank.logins_seen == 1


# -- what comes back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_not_now(street: Street, adapter: I4cAdapter, status: int) -> None:
    async with street.bank() as bank:
        bank.odd_reports.append(says(b"<html>down</html>", status))
        error = await failing(adapter, bank.wire)
    assert isinstance(error, BankUnreachable)
    assert error.retryable
    assert error.retry_after_seconds is None
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("2.5", 2.5),
        ("999999", RETRY_AFTER_MAX_SECONDS),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2200 00:00:00 GMT", RETRY_AFTER_MAX_SECONDS),
    ],
)
async def test_retry_after_is_honoured(street: Street, adapter: I4cAdapter, header: str, seconds: float | None) -> None:
    async with street.bank() as bank:
        bank.odd_reports.append(says({}, 503, Retry_After=header))
        error = await failing(adapter, bank.wire)
    assert isinstance(error, BankUnreachable)
    assert error.retry_after_seconds == seconds


async def test_retry_after_as_a_date(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
        bank.odd_reports.append(says({}, 429, Retry_After=until))
        error = await failing(adapter, bank.wire)
    assert isinstance(error, BankUnreachable)
    assert error.retry_after_seconds is not None
    assert 80 < error.retry_after_seconds <= 90


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(refusal_reply("20", "no such account 00012345678901")), "20"),
        (says(refusal_reply("ZZ-new", "?")), "ZZ-new"),
        (says({"meta": {"response_code": 15}, "data": None}), "15"),
        (says(refusal_reply("02", "invalid RRN"), 422), "02"),
        (says(b"<html>", 404), "HTTP-404"),
        (says({}, 400), "HTTP-400"),
        (says(ticket_reply(ACK_NO, "BANKS-9"), 409), "HTTP-409"),
        (says({"meta": {"response_code": "9" * 500}}), "9" * 20),
    ],
)
async def test_refusals_are_typed_and_never_repeat_the_banks_text(
    street: Street, adapter: I4cAdapter, answer: Any, code: str
) -> None:
    async with street.bank() as bank:
        bank.odd_reports.append(answer)
        error = await failing(adapter, bank.wire)
    assert isinstance(error, BankRefused)
    assert not error.retryable
    assert error.response_code == code
    assert "00012345678901" not in str(error)
    if code == "20":
        assert error.message == "no such account 00012345678901"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>maintenance</html>",
        b"null",
        b"[]",
        b'{"meta":',
        b'{"meta":[],"data":[]}',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"meta":{"response_code":"00"},"data":{}}',
        b'{"meta":{"response_code":"00"},"data":{"job_id":["x"]}}',
        b'{"meta":{"response_code":"00"},"data":{"job_id":"' + b"x" * 101 + b'"}}',
        b'{"data":{"job_id":"BANKS-1"}}',
        b'{"meta":{"response_code":"00"},"data":{"job_id":"BANKS-1","acknowledgement_no":"21204260000099"}}',
    ],
)
async def test_replies_not_of_the_shape(street: Street, adapter: I4cAdapter, body: bytes) -> None:
    async with street.bank() as bank:
        bank.odd_reports.append(says(body))
        error = await failing(adapter, bank.wire)
    assert isinstance(error, BankProtocolError)
    assert error.retryable


async def test_a_huge_reply_is_not_read_to_its_end(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        bank.odd_reports.append(says(b" " * (50 * REPLY_MAX_BYTES)))
        error = await failing(adapter, bank.wire)
        assert isinstance(error, BankProtocolError)
        assert "larger" in str(error)
        assert (await send(adapter, bank.wire)).job_id


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_secrets_follow_no_redirect(street: Street, adapter: I4cAdapter, status: int) -> None:
    async with street.bank() as bank, street.bank() as elsewhere:
        bank.odd_reports.append(says({}, status, Location=elsewhere.wire.base_url + "/transaction-fraud"))
        error = await failing(adapter, bank.wire)
        assert isinstance(error, BankProtocolError)
        bank.forget_tokens()
        bank.odd_logins.append(says({}, status, Location=elsewhere.wire.base_url + "/login"))
        assert isinstance(await failing(adapter, bank.wire), BankProtocolError)
    assert elsewhere.logins_seen == 0
    assert elsewhere.headers_seen == []


# -- time and transport ------------------------------------------------------------------------------------------------


SLOW_SECONDS = 20.0
"""how long a slow bank waits: no machine takes half of it for a call"""


async def test_a_slow_bank_costs_no_more_than_the_time_given(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as bank:
        bank.odd_reports.append(waits(SLOW_SECONDS))
        started = time.monotonic()
        error = await failing(adapter, bank.wire, 0.1)
        assert time.monotonic() - started < SLOW_SECONDS / 2
    assert isinstance(error, BankUnreachable)


async def test_a_slow_bank_does_not_hold_up_another(street: Street, adapter: I4cAdapter) -> None:
    async with street.bank() as slow, street.bank(code="FAST") as fast:
        slow.odd_reports.extend(waits(SLOW_SECONDS) for _ in range(40))
        waiting = [asyncio.create_task(send(adapter, slow.wire, SLOW_SECONDS)) for _ in range(40)]
        await asyncio.sleep(0.2)
        started = time.monotonic()
        await send(adapter, fast.wire)
        assert time.monotonic() - started < SLOW_SECONDS / 2
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_no_server_listens(adapter: I4cAdapter) -> None:
    async with raw_server([]) as (bank, _):
        pass
    error = await failing(adapter, bank)
    assert isinstance(error, BankUnreachable)
    assert "127.0.0.1" not in str(error)


async def test_a_connection_that_breaks_is_replaced_once_at_once(adapter: I4cAdapter) -> None:
    token = http(b'{"meta":{"response_code":"00"},"data":{"token":"t"}}')
    ticket_taken = http(b'{"meta":{"response_code":"00"},"data":{"job_id":"BANKS-5"}}')
    async with raw_server([None, token, None, ticket_taken]) as (bank, requests):
        assert (await send(adapter, bank)).job_id == "BANKS-5"
    assert len(requests) == 4
    keys = [
        line for request in requests for line in request.splitlines() if line.lower().startswith(b"idempotency-key")
    ]
    assert len(set(keys)) == 1


async def test_a_connection_that_keeps_breaking_is_unreachable(adapter: I4cAdapter) -> None:
    async with raw_server([]) as (bank, requests):
        assert isinstance(await failing(adapter, bank), BankUnreachable)
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", BankProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n", BankProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", BankProtocolError),
        (http(b'{"meta"', length=500), BankUnreachable),
    ],
)
async def test_what_is_no_http(adapter: I4cAdapter, reply: bytes, expected: type[BankError]) -> None:
    async with raw_server([reply, reply]) as (bank, _):
        assert type(await failing(adapter, bank)) is expected


async def test_a_bank_restarted_between_two_calls_is_reached_again(adapter: I4cAdapter) -> None:
    ticket_taken = http(b'{"meta":{"response_code":"00"},"data":{"job_id":"BANKS-5","token":"t"}}')
    async with raw_server([ticket_taken] * 3) as (bank, _):
        await send(adapter, bank)
        assert (await send(adapter, bank)).job_id == "BANKS-5"


# -- addresses and keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base_url",
    [
        "http://bank.example",
        "http://10.0.0.1",
        "http://127.0.0.1.example",
        "http://[2001:db8::1]/x",
        "ftp://127.0.0.1",
        "127.0.0.1",
        "https://",
        "https://user:pw@bank.example",
        "https://bank.example/?a=1",
        "https://bank.example/#x",
        "https://[::1",
        "https://bank.example:99999",
        "https://" + "ü" * 70 + ".example",
        "javascript:alert(1)",
        "",
    ],
)
async def test_addresses_that_are_not_called(adapter: I4cAdapter, base_url: str) -> None:
    error = await failing(adapter, wire(base_url=base_url), 1.0)
    assert isinstance(error, BankMisconfigured)
    assert not error.retryable


@pytest.mark.parametrize("base_url", ["http://localhost:1", "http://127.8.9.1:1", "http://[::1]:1"])
async def test_plain_http_is_for_loopback(adapter: I4cAdapter, base_url: str) -> None:
    assert isinstance(await failing(adapter, wire(base_url=base_url), 1.0), BankUnreachable)


async def test_plain_http_elsewhere_where_it_is_allowed() -> None:
    async with I4cAdapter(allow_plain_http=True, connect_timeout_seconds=0.2) as adapter:
        # A name that RFC 6761 keeps from resolving: the call gets as far as that.
        assert isinstance(await failing(adapter, wire(base_url="http://bank.invalid"), 1.0), BankUnreachable)


async def test_a_bank_without_its_key_is_misconfigured(adapter: I4cAdapter) -> None:
    error = await failing(adapter, replace(wire(), aes_key=None))
    assert isinstance(error, BankMisconfigured)
    assert str(error) == "DEMO: The bank's entry in the directory cannot be used. (key_unusable)"


def test_an_error_says_its_docstring_and_nothing_personal() -> None:
    error = BankRefused("DEMO", "20", "account 123 of Asha")
    assert str(error) == (
        "DEMO: The bank refused the request; sending it again unchanged cannot help. (response code 20)"
    )


async def test_closing_twice_or_unused_does_no_harm() -> None:
    unused = I4cAdapter()
    await unused.close()
    await unused.close()


async def test_closing_stops_a_login_under_way(street: Street) -> None:
    async with street.bank() as bank:
        bank.login_seconds = 0.5
        adapter = I4cAdapter()
        sending = asyncio.create_task(send(adapter, bank.wire))
        await asyncio.sleep(0.1)
        await adapter.close()
        with pytest.raises((asyncio.CancelledError, BankUnreachable)):
            await sending
