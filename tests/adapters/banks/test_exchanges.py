"""A kept exchange has the bytes that the bank received, and no secret is in it."""

import hashlib
import json
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.banks.email import EmailAdapter, ReplyLink
from adapters.banks.envelope import IV_BYTES
from adapters.banks.i4c.bank_side import decode_fraud_report
from adapters.banks.i4c.client import I4cAdapter
from adapters.banks.i4c.values import encode_fraud_report, login_reply, ticket_reply
from adapters.banks.iso20022.spool import Spool, SpoolAdapter
from adapters.banks.protocol import BankError, BankRefused, BankUnreachable, HoldTicket, IsoWay, OrderTicket
from adapters.banks.push.client import PushAdapter
from adapters.messages.smtp import Mailer
from adapters.transcript import Sending
from schemas.banks.institutions import EnvelopeKind
from schemas.banks.keys import REPLY_MAX_BYTES, SENT_MAX_BYTES, About, Exchange
from schemas.enums import ChannelKind
from schemas.recovery.document_facts import PDF_MAX_BYTES
from schemas.restoration_enums import OrderKind
from tests.adapters.banks.push.test_client import NEW, Hook
from tests.adapters.banks.test_email import BANK, NO_HOLIDAYS
from tests.adapters.banks.test_orders import order
from tests.adapters.fake_bank import Street, http, raw_server, says, waits
from tests.adapters.wires import ACK_NO, HMAC_KEY, PASSWORD, incident, ticket
from tests.asgi_server import served
from tests.each import each
from tests.mail_server import Postbox, mail_server
from tests.paths import ROOT

TOKEN = "t0Ken-" + "aB3_-9" * 6 + "z"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 40


@pytest.fixture
async def i4c() -> AsyncIterator[I4cAdapter]:
    async with I4cAdapter() as opened:
        yield opened


def ours(exchange: Exchange) -> dict[str, str]:
    """Our headers, in small letters."""
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in exchange.head.splitlines()[1:])}


# -- the I4C wire ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("envelope", ["aes_cbc", "aes_gcm", "none"])
async def test_i4c_the_body_the_headers_and_the_reply(street: Street, i4c: I4cAdapter, envelope: EnvelopeKind) -> None:
    async with street.bank(envelope=envelope) as bank:
        delivery = await i4c.send_hold_request(bank.wire, ticket(), timeout_seconds=5)
    (kept,) = delivery.exchanges
    (body,), (headers,) = bank.bodies_seen, bank.headers_seen
    assert (kept.channel, kept.body, kept.size_bytes) == (ChannelKind.I4C, body, len(body))
    assert kept.digest == hashlib.sha256(body).digest()
    assert kept.content == (None if envelope == "none" else encode_fraud_report(ticket()))
    assert kept.head.splitlines()[0] == f"POST {bank.wire.base_url}/transaction-fraud"
    assert ours(kept).items() <= headers.items()
    assert {"content-type", "idempotency-key", "x-goldenhour-signature"} <= ours(kept).keys()
    assert kept.reply_head is not None
    assert kept.reply_head.startswith("200\n")
    assert kept.reply is not None
    assert b'"job_id":"BANKS-1"' in kept.reply
    assert (kept.reply_cut, kept.masked, kept.failure) == (False, False, "")


async def test_i4c_no_login_and_no_token_is_kept(street: Street, i4c: I4cAdapter) -> None:
    async with street.bank() as bank:
        await i4c.send_hold_request(bank.wire, ticket(), timeout_seconds=5)
        bank.forget_tokens()
        delivery = await i4c.send_hold_request(bank.wire, ticket(), timeout_seconds=5)
    assert bank.logins_seen == 2
    refused, taken = delivery.exchanges
    assert refused.reply_head is not None
    assert refused.reply_head.startswith("401\n")
    assert refused.content == taken.content
    assert refused.body != taken.body
    kept = repr([exchange.model_dump() for exchange in delivery.exchanges])
    for secret in ("token-1", "token-2", PASSWORD, "Bearer", "uthorization"):
        assert secret not in kept


async def test_d10_a_ticket_after_a_broken_connection_has_its_own_iv(i4c: I4cAdapter) -> None:
    login = http(json.dumps(login_reply("t", 3600)).encode())
    taken = http(json.dumps(ticket_reply(ACK_NO, "BANKS-1")).encode())
    async with raw_server([login, None, taken]) as (bank, _):
        delivery = await i4c.send_hold_request(bank, ticket(), timeout_seconds=5)
    broken, second = delivery.exchanges
    assert (broken.failure, broken.content) == ("ServerDisconnectedError", second.content)
    assert b64decode(broken.body)[:IV_BYTES] != b64decode(second.body)[:IV_BYTES]
    assert decode_fraud_report(second.body, ours(second), bank).ack_no == ACK_NO


async def test_a_cookie_that_a_bank_sets_is_not_kept(street: Street, i4c: I4cAdapter) -> None:
    async with street.bank() as bank:
        bank.odd_reports.append(says({}, 503, Set_Cookie="session=s3cret", Retry_After="7", X_Request_Id="r-1"))
        with pytest.raises(BankUnreachable) as failed:
            await i4c.send_hold_request(bank.wire, ticket(), timeout_seconds=5)
    (kept,) = failed.value.exchanges
    assert kept.reply_head is not None
    assert "s3cret" not in kept.reply_head
    assert {"503", "retry-after: 7", "x-request-id: r-1"} <= set(kept.reply_head.lower().splitlines())
    assert kept.failure == "BankUnreachable: HTTP 503"


async def test_a_refusal_is_kept_with_what_the_bank_said(street: Street, i4c: I4cAdapter) -> None:
    said = b'{"meta": {"response_code": "14", "response_message": "no such\\u0000 thing"}}'
    async with street.bank() as bank:
        bank.odd_reports.append(says(said))
        with pytest.raises(BankRefused) as refused:
            await i4c.send_hold_request(bank.wire, ticket(), timeout_seconds=5)
    (kept,) = refused.value.exchanges
    assert (kept.reply, kept.failure) == (said, "BankRefused: response code 14")


async def test_a_bank_that_does_not_reply_and_one_that_is_not_there(street: Street, i4c: I4cAdapter) -> None:
    async with street.bank() as bank:
        bank.odd_reports.append(waits(30))
        with pytest.raises(BankUnreachable) as silent:
            await i4c.send_hold_request(bank.wire, ticket(), timeout_seconds=1)
    (kept,) = silent.value.exchanges
    assert (kept.body, kept.reply_head, kept.reply) == (bank.bodies_seen[0], None, None)
    assert kept.failure == "BankUnreachable: no reply within 1 s"
    with pytest.raises(BankUnreachable) as nobody:
        await i4c.send_hold_request(replace(bank.wire, base_url="http://127.0.0.1:1"), ticket(), timeout_seconds=5)
    assert nobody.value.exchanges == (), "the login did not get through: nothing of the request left"


async def test_a_connection_that_breaks_is_an_exchange_and_the_second_try_another() -> None:
    reply = b'{"job_id": "J"}'
    async with PushAdapter() as push, raw_server([None, http(reply)]) as (bank, _):
        wire = replace(bank, webhook_secrets=(bytes(32),))
        delivery = await push.send_hold_request(wire, ticket(incident(hop_no=3)), timeout_seconds=5)
    broken, taken = delivery.exchanges
    assert (broken.reply, broken.failure) == (None, "ServerDisconnectedError")
    assert (taken.reply, taken.failure) == (reply, "")
    assert broken.body == taken.body


# -- the webhook -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def hook() -> AsyncIterator[Hook]:
    hook = Hook("")

    async def take(request: Request) -> Response:
        return await hook.take(request)

    async with served(Starlette(routes=[Route("/hooks/", take, methods=["POST"])])) as address:
        hook.url = f"{address}/hooks/"
        yield hook


async def test_push_what_the_bank_got_and_said(hook: Hook) -> None:
    hook.came.clear()
    async with PushAdapter() as push:
        held = await push.send_hold_request(hook.wire(), ticket(incident(hop_no=3)), timeout_seconds=5)
        ordered = await push.send_order(hook.wire(), OrderTicket(order(), PDF), timeout_seconds=5)
        taken_back = await push.send_cancellation(
            hook.wire(), order().model_copy(update={"cancelled_at": datetime.now(UTC)}), timeout_seconds=5
        )
    for delivery, (headers, body) in zip((held, ordered, taken_back), hook.came, strict=True):
        (kept,) = delivery.exchanges
        assert (kept.channel, kept.body, kept.content) == (ChannelKind.PUSH, body, None)
        assert kept.digest == hashlib.sha256(body).digest()
        assert kept.head.splitlines()[0] == f"POST {hook.url}"
        assert ours(kept).items() <= headers.items()
        assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= ours(kept).keys()
        assert kept.reply == b'{"job_id":"BANKS-7"}'


async def test_push_a_reply_that_is_too_large_is_cut_and_a_redirect_is_not_followed(hook: Hook) -> None:
    async def away(_: Request) -> Response:
        return RedirectResponse("https://elsewhere.example/?token=s3cret", 307)

    kept: list[Exchange] = []
    for odd in (says(b"x" * (REPLY_MAX_BYTES + 1)), away):
        hook.odd.append(odd)
        async with PushAdapter() as push:
            with pytest.raises(BankError) as failed:
                await push.send_hold_request(hook.wire(), ticket(incident(hop_no=3)), timeout_seconds=5)
        kept += failed.value.exchanges
    large, redirect = kept
    assert (large.reply, large.reply_cut) == (b"x" * REPLY_MAX_BYTES, True)
    assert (redirect.reply, redirect.reply_cut) == (b"", True)
    assert redirect.reply_head is not None
    assert "s3cret" not in redirect.reply_head


# -- what bank and police can check between them -----------------------------------------------------------------------


async def test_the_commands_of_the_page_compute_our_signatures(
    hook: Hook, street: Street, i4c: I4cAdapter, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "reference" / "evidence.md").read_text()
    of_webhook, of_i4c = [
        line.partition("#")[0] for line in page.splitlines() if line.endswith(("# webhook", "# I4C wire"))
    ]
    async with PushAdapter() as push, street.bank() as bank:
        pushed = await push.send_hold_request(hook.wire(), ticket(incident(hop_no=3)), timeout_seconds=5)
        posted = await i4c.send_hold_request(bank.wire, ticket(), timeout_seconds=5)

    def computed(command: str, exchange: Exchange, key: bytes) -> str:
        for name, value in {**ours(exchange), "key": key.hex()}.items():
            command = command.replace(name.upper(), value)
        (tmp_path / "body").write_bytes(exchange.body)
        done = subprocess.run(["/bin/sh", "-ec", command], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.split()[-1]

    (kept,) = pushed.exchanges
    signature = ours(kept)["webhook-signature"].removeprefix("v1,")
    assert computed(of_webhook, kept, NEW) == b64decode(signature).hex()
    (kept,) = posted.exchanges
    assert computed(of_i4c, kept, HMAC_KEY) == ours(kept)["x-goldenhour-signature"]


# -- files -------------------------------------------------------------------------------------------------------------


async def test_iso_the_files_that_stand_in_the_spool(tmp_path: Path) -> None:
    spool, way = Spool(tmp_path), IsoWay("DEMO", "DEMOINBB")
    async with SpoolAdapter(spool) as adapter:
        held = await adapter.send_hold_request(way, ticket(), timeout_seconds=5)
        ordered = await adapter.send_order(way, OrderTicket(order(), PDF), timeout_seconds=5)
        again = await adapter.send_hold_request(way, ticket(incident(rrn="9" * 12)), timeout_seconds=5)
    files = {f"FILE DEMO/out/{path.name}\n": path.read_bytes() for path in spool.of("DEMO", "out").iterdir()}
    kept = {exchange.head: exchange for exchange in (*held.exchanges, *ordered.exchanges)}
    assert {head: exchange.body for head, exchange in kept.items()} == files
    assert len(ordered.exchanges) == 2, "the document, and the message"
    assert {exchange.reply for exchange in kept.values()} == {None}
    # A request written once is not written over: what is kept is what the bank finds.
    assert again.exchanges[0].body == held.exchanges[0].body


async def test_iso_a_spool_that_is_away(tmp_path: Path) -> None:
    async with SpoolAdapter(Spool(tmp_path / "gone")) as adapter:
        with pytest.raises(BankUnreachable) as failed:
            await adapter.send_hold_request(IsoWay("DEMO", "DEMOINBB"), ticket(), timeout_seconds=5)
    (kept,) = failed.value.exchanges
    assert kept.failure == "BankUnreachable: the spool: ENOENT"


# -- letters -----------------------------------------------------------------------------------------------------------


@dataclass
class LongLinks:
    """Links as they really are: too long for a line of a letter."""

    async def issue(self, about: About, subject_id: UUID, institution: str, sent_to: str) -> ReplyLink:
        path = "a/o" if about is About.ORDER else "a"
        return ReplyLink(f"https://recovery.police.uttar-pradesh.example/freeze/{path}/{TOKEN}", datetime.now(UTC))

    async def sent(self, *_: object) -> None:
        return


def in_hindi(asked: HoldTicket) -> HoldTicket:
    return replace(asked, instrument=replace(asked.instrument, district="लखनऊ" * 40))


@each("subject", ["hold", "hold in Hindi", "order", "cancellation"])
async def test_a_letter_as_it_went_with_its_token_written_over(subject: str) -> None:
    box = Postbox()
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), LongLinks(), lambda: NO_HOLIDAYS)
        if subject == "order":
            delivery = await adapter.send_order(BANK, OrderTicket(order(OrderKind.RESTORE), PDF), timeout_seconds=5)
        elif subject == "cancellation":
            delivery = await adapter.send_cancellation(BANK, order(), timeout_seconds=5)
        else:
            asked = ticket() if subject == "hold" else in_hindi(ticket())
            delivery = await adapter.send_hold_request(BANK, asked, timeout_seconds=5)
    (kept,), (went,) = delivery.exchanges, box.raw
    assert TOKEN in (box.letters[0].get_body(("plain",)) or box.letters[0]).get_content()
    assert (kept.channel, kept.size_bytes, kept.masked) == (ChannelKind.EMAIL, len(went), True)
    assert kept.digest == hashlib.sha256(went).digest()
    assert len(kept.body) == len(went)
    other = [place for place, (one, two) in enumerate(zip(kept.body, went, strict=True)) if one != two]
    assert 0 < len(other) <= 2 * len(TOKEN), "nothing else is another"
    assert TOKEN.encode() not in kept.body.replace(b"=\r\n", b"")
    assert kept.head.splitlines() == [
        "MAIL FROM:<goldenhour@localhost>",
        "RCPT TO: <desk@gram.example>",
        "RCPT TO: <nodal@gram.example>",
    ]
    assert (kept.reply_head, kept.reply) == ("250\n", b"OK")


async def test_a_letter_that_is_refused_is_kept_with_the_servers_reply() -> None:
    box = Postbox()
    box.refuses["DATA"] = "554 looks like spam"
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), LongLinks(), lambda: NO_HOLIDAYS)
        with pytest.raises(BankUnreachable) as failed:
            await adapter.send_hold_request(BANK, ticket(), timeout_seconds=5)
    (kept,) = failed.value.exchanges
    assert (kept.reply_head, kept.reply) == ("554\n", b"looks like spam")
    assert kept.failure.startswith("BankUnreachable: ")


def test_what_is_long_is_cut_and_says_so() -> None:
    body = b"a" * (SENT_MAX_BYTES + PDF_MAX_BYTES)
    kept = Sending("MAIL FROM:<a@b.example>", (), body).exchange(ChannelKind.EMAIL)
    assert (len(kept.body), kept.size_bytes) == (SENT_MAX_BYTES, len(body))
    assert kept.digest == hashlib.sha256(body).digest()


def test_what_a_server_sends_as_a_header_can_be_stored() -> None:
    passed = Sending("POST /", (), b"", status="200")
    passed.reply_headers = [("date", "a\udce9\x00\x07b")]
    assert passed.exchange(ChannelKind.PUSH).reply_head == "200\ndate: a?\ufffd\ufffdb\n"
