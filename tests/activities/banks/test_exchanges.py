"""What passes between us and banks is kept with the delivery, bound by the log, and when it fails too."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.banks import received
from activities.banks.delivery import BankDelivery
from activities.case.hold_requests import CaseActivities
from activities.case.reply_links import LetterLinks
from activities.secrets import SecretBox
from adapters.banks.protocol import BankRefused, BankUnreachable
from adapters.messages.smtp import Mailer
from db.banks import bank_exchanges
from db.case import requests
from schemas.banks.keys import About
from schemas.case.case_workflow import Escalate, SendHoldRequest
from schemas.enums import ChannelKind, EscalationLevel, RequestState
from tests.activities.bench import Bench
from tests.factories import SECRET, rrn, transfer
from tests.mail_server import Postbox, mail_server
from tests.opened_bodies import opened_rows


async def an_order(bench: Bench) -> SendHoldRequest:
    case_no = await bench.complain(transfer(1000_00, reference=rrn()))
    (order,) = await bench.orders(case_no)
    return order


async def kept(bench: Bench, order: SendHoldRequest) -> list[Any]:
    mine = "WHERE request_id = $1::text::uuid ORDER BY exchange_id"
    names = ("exchange_id", "channel", "body", "digest", "failure", "reply")
    rows = await opened_rows(bench.ctx, "bank_exchange", mine, order.request_id)
    return [tuple(row.get(name) for name in names) for row in rows]


async def told(bench: Bench, case_no: str, kind: str) -> Any:
    return await bench.value("SELECT data FROM case_event WHERE case_no = $1 AND kind = $2", case_no, kind)


async def test_what_was_delivered_is_kept_and_the_event_has_its_digest(bench: Bench) -> None:
    order = await an_order(bench)
    await bench.freeze.send_hold_request(order)
    ((exchange_id, channel, body, digest, failure, reply),) = await kept(bench, order)
    assert (channel, failure, digest) == ("i4c", "", hashlib.sha256(body).digest())
    data = await told(bench, order.case_no, "request_delivered")
    assert data["exchanges"] == [
        {
            "exchange_id": exchange_id,
            "sent_sha256": digest.hex(),
            "reply_sha256": hashlib.sha256(reply).hexdigest(),
        }
    ]
    folder = f"banks/sent/{exchange_id:010}"
    names = [line.partition("  ")[2] for line in data["bound"]]
    assert names == [f"{folder}/{name}" for name in ("body", "content", "reply", "reply.txt", "request.txt")]
    assert f"{digest.hex()}  {folder}/body" in data["bound"]
    await bench.check(order.case_no)


async def test_an_attempt_that_fails_is_kept_and_bound_by_the_next_that_does_not(bench: Bench) -> None:
    order = await an_order(bench)
    bench.bank.outcomes.append(BankUnreachable("HDFC", "HTTP 503"))
    with pytest.raises(ApplicationError):
        await bench.freeze.send_hold_request(order)
    ((first, _, _, _, failure, reply),) = await kept(bench, order)
    assert ("HTTP 503" in failure, reply) == (True, None)
    await bench.freeze.send_hold_request(order)
    data = await told(bench, order.case_no, "request_delivered")
    assert [one["exchange_id"] for one in data["exchanges"]] == [row[0] for row in await kept(bench, order)]
    assert (data["exchanges"][0]["exchange_id"], data["exchanges"][0]["reply_sha256"]) == (first, None)


async def test_a_refusal_is_kept_and_bound(bench: Bench) -> None:
    order = await an_order(bench)
    bench.bank.outcomes.append(BankRefused("HDFC", "14", "no such account"))
    assert (await bench.freeze.send_hold_request(order)).refusal_code == "14"
    ((exchange_id, *_),) = await kept(bench, order)
    data = await told(bench, order.case_no, "request_refused")
    assert [one["exchange_id"] for one in data["exchanges"]] == [exchange_id]


async def test_who_dies_between_call_and_record_loses_the_exchange_of_that_attempt_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await an_order(bench)

    async def dies(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(requests, "delivered", dies)
        with pytest.raises(asyncio.CancelledError):
            await bench.freeze.send_hold_request(order)
    assert await kept(bench, order) == []
    assert (await bench.freeze.send_hold_request(order)).delivered
    assert len(await kept(bench, order)) == 1
    assert len(bench.bank.tickets) == 2


async def test_an_event_binds_the_latest_and_not_those_of_a_year(bench: Bench) -> None:
    order = await an_order(bench)
    bench.bank.outcomes.append(BankUnreachable("HDFC", "HTTP 503"))
    with pytest.raises(ApplicationError):
        await bench.freeze.send_hold_request(order)
    columns = (
        "about, request_id, channel, at, head, size_bytes, digest, masked, reply_cut, failure,"
        " person_id, sealed_body, body_digest, sealed_content, content_digest"
    )
    await bench.pool.execute(
        f"INSERT INTO bank_exchange ({columns}) SELECT {columns} FROM bank_exchange, generate_series(1, 20)"
        " WHERE request_id = $1::text::uuid",
        order.request_id,
    )
    await bench.freeze.send_hold_request(order)
    data = await told(bench, order.case_no, "request_delivered")
    assert [one["exchange_id"] for one in data["exchanges"]] == [row[0] for row in (await kept(bench, order))[2:]]


async def test_nothing_has_passed_and_nothing_is_said_of_it(bench: Bench) -> None:
    order = await an_order(bench)
    async with bench.pool.acquire() as connection:
        assert await bank_exchanges.bound(connection, About.HOLD_REQUEST, UUID(order.request_id)) == {}
        await received.keep(bench.ctx, connection, About.HOLD_REQUEST, UUID(order.request_id), [])
        assert await bank_exchanges.bound(connection, About.HOLD_REQUEST, UUID(order.request_id)) == {}
        planned = await requests.find(connection, UUID(order.request_id))
    assert planned is not None
    assert (planned.state, planned.job_id, planned.delivered_at) == (RequestState.SENDING, None, None)


async def test_a_letter_of_the_escalation_is_kept_with_its_link_written_over(bench: Bench) -> None:
    order, box = await an_order(bench), Postbox()
    await bench.freeze.send_hold_request(order)
    async with mail_server(box) as port:
        mailer = Mailer.from_url(f"smtp://127.0.0.1:{port}")
        links = LetterLinks(bench.ctx, SecretBox(SECRET), "https://police.example")
        bank_delivery = BankDelivery(bench.ctx, {ChannelKind.I4C: bench.bank})
        freeze = CaseActivities(bench.ctx, bank_delivery, mailer, links)
        escalate = Escalate(
            case_no=order.case_no, request_id=order.request_id, institution="HDFC", level=EscalationLevel.REMINDER
        )
        assert (await ActivityEnvironment().run(freeze.escalate_request, escalate)).done
        box.refuses["DATA"] = "554 no"
        again = escalate.model_copy(update={"level": EscalationLevel.NODAL_OFFICER})
        assert not (await ActivityEnvironment().run(freeze.escalate_request, again)).done
    _, reminder, refused = await kept(bench, order)
    (letter,) = box.letters
    token = letter.get_content().partition("/a/")[2].split()[0]
    assert reminder[3] == hashlib.sha256(box.raw[0]).digest()
    assert token.encode() not in reminder[2].replace(b"=\r\n", b"")
    assert b"/a/xxxx" in reminder[2].replace(b"=\r\n", b"")
    assert refused[4].startswith("MailRefused")
    levels = await bench.rows(
        "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'level_reached' ORDER BY seq", order.case_no
    )
    assert [len(data["exchanges"]) for (data,) in levels] == [2, 3]


async def test_it_is_not_changed(bench: Bench, subtests: pytest.Subtests) -> None:
    await bench.freeze.send_hold_request(await an_order(bench))
    for verb in (
        "UPDATE bank_exchange SET failure = ''",
        "DELETE FROM bank_exchange",
        "TRUNCATE bank_exchange",
    ):
        with subtests.test(verb=verb), pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await bench.pool.execute(verb)


async def test_what_is_neither_masked_nor_cut_is_what_was_sent(bench: Bench) -> None:
    order = await an_order(bench)
    await bench.freeze.send_hold_request(order)
    columns = (
        "about, request_id, channel, at, head, size_bytes, digest, masked, reply_cut, failure, person_id, sealed_body"
    )
    with pytest.raises(asyncpg.CheckViolationError, match="bank_exchange_as_sent"):
        await bench.pool.execute(
            f"INSERT INTO bank_exchange ({columns}, body_digest) SELECT {columns}, sha256(body_digest)"
            " FROM bank_exchange WHERE request_id = $1::text::uuid",
            order.request_id,
        )
