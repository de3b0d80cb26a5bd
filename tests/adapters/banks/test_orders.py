"""An order over every wire: what the bank is told, under one key however often it is carried."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from adapters.banks.email import EmailAdapter
from adapters.banks.i4c.client import I4cAdapter
from adapters.banks.iso20022 import schema
from adapters.banks.iso20022.arrivals import CancellationArrived, OrderArrived
from adapters.banks.iso20022.document import IncompleteMessage, Message, read
from adapters.banks.iso20022.orders import decode, encode_cancellation, encode_order
from adapters.banks.iso20022.spool import CANNOT_BE_WRITTEN, Spool, SpoolAdapter
from adapters.banks.iso20022.values import case_id
from adapters.banks.protocol import (
    BankMisconfigured,
    BankRefused,
    BankUnreachable,
    CancellationTaker,
    Delivery,
    IsoWay,
    OrderTaker,
    OrderTicket,
    PullAdapter,
)
from adapters.banks.push.client import PushAdapter
from adapters.messages.smtp import Mailer
from schemas.recovery.orders import BankOrder, Beneficiary, OrderCancelled, OrderIssued, OrderLine, cancellation_id
from schemas.restoration_enums import OrderKind, OrderReason, OrderState
from tests.adapters.banks.push.test_client import NEW, Hook, hook, server
from tests.adapters.banks.test_email import BANK, NO_HOLIDAYS, Links
from tests.adapters.fake_bank import says
from tests.each import each
from tests.mail_server import Postbox, mail_server

__all__ = ["hook", "server"]

ORDER_ID = UUID("0c6a5f0e-7a52-4f6e-8f0b-2a4b1c9d3e10")
ACK_NO = "31204260000017"
AT, DUE_AT = datetime(2026, 4, 12, 9, 0, tzinfo=UTC), datetime(2026, 4, 27, 9, 0, tzinfo=UTC)
WAY = IsoWay("DEMO", "DEMOINBB")
PDF = b"%PDF-1.7 an order"


def order(kind: OrderKind = OrderKind.RESTORE, reference: str = "610212345678") -> BankOrder:
    restores = kind is OrderKind.RESTORE
    victim = Beneficiary(institution="OTHR", holder="00012345678901", ifsc="OTHR0000001") if restores else None
    return BankOrder(
        order_id=ORDER_ID,
        kind=kind,
        reason=OrderReason.RESTORATION if restores else OrderReason.LAPSED,
        state=OrderState.PLANNED,
        ack_no=ACK_NO,
        ordered_at=AT,
        due_at=DUE_AT,
        paper_number="GH/UP/RO/2026/000017",
        lines=(
            OrderLine(
                line_no=1,
                hop=3,
                reference=reference,
                account="00098765432101",
                amount_paise=450_050,
                confirmed_paise=0,
                beneficiary=victim,
            ),
        ),
    )


def ticket() -> OrderTicket:
    return OrderTicket(order(), PDF)


def test_which_wires_have_a_message_for_an_order() -> None:
    takers = [PushAdapter, PullAdapter, SpoolAdapter, EmailAdapter]
    assert all(hasattr(adapter, "send_order") for adapter in takers)
    assert not isinstance(I4cAdapter(), OrderTaker), "the I4C wire has none: another channel carries it"


# -- webhook -----------------------------------------------------------------------------------------------------------


async def test_by_webhook_it_is_one_signed_event_under_the_orders_id(hook: Hook) -> None:
    async with PushAdapter(clock=lambda: datetime.now(UTC)) as adapter:
        delivery, second = [await adapter.send_order(hook.wire(), ticket(), timeout_seconds=5) for _ in range(2)]
    assert delivery == second == Delivery("BANKS-7")
    (headers, body), (again, _) = hook.came
    assert headers["webhook-id"] == again["webhook-id"] == str(ORDER_ID), "sent again it is the same order"
    Webhook(NEW).verify(body.decode(), headers)
    event = OrderIssued.model_validate_json(body)
    assert event.data == order()
    assert json.loads(body)["data"]["lines"][0]["beneficiary"]["holder"] == "00012345678901"


async def test_a_webhook_without_a_job_id_has_the_orders(hook: Hook) -> None:
    hook.odd.append(says(b"", 200))
    async with PushAdapter() as adapter:
        assert await adapter.send_order(hook.wire(), ticket(), timeout_seconds=5) == Delivery(str(ORDER_ID))


async def test_a_webhook_that_does_not_know_the_event_refuses_it(hook: Hook) -> None:
    hook.odd.append(says({"code": "NO-EVENT", "message": "what is that?"}, 422))
    async with PushAdapter() as adapter:
        with pytest.raises(BankRefused) as refused:
            await adapter.send_order(hook.wire(), ticket(), timeout_seconds=5)
    assert (refused.value.response_code, refused.value.message) == ("NO-EVENT", "what is that?")
    assert "what" not in str(refused.value)


# -- feed --------------------------------------------------------------------------------------------------------------


async def test_in_the_feed_it_is_there_by_itself() -> None:
    async def announce(_: str) -> None:
        raise AssertionError("the row that says it is delivered wakes the readers")

    async with PullAdapter(announce) as adapter:
        assert await adapter.send_order(BANK, ticket(), timeout_seconds=5) == Delivery(str(ORDER_ID))


# -- files -------------------------------------------------------------------------------------------------------------


@each("kind", list(OrderKind))
@each("with_header", [False, True])
def test_a_message_says_all_of_it_and_the_schema_allows_it(kind: OrderKind, with_header: bool) -> None:
    body = encode_order("DEMO", order(kind), created_at=AT, bic="DEMOINBB", with_header=with_header)
    message, inside = read(body)
    assert message is Message.HOLD_REQUEST
    schema.check(message, inside)
    told = decode(body)
    assert isinstance(told, OrderArrived)
    assert (told.order_id, told.kind, told.ack_no, told.bank_code) == (ORDER_ID, kind, ACK_NO, "DEMO")
    assert (told.created_at, told.due_at, told.case_id) == (AT, DUE_AT, case_id(ACK_NO, ORDER_ID))
    (line,) = told.lines
    assert (line.line_no, line.reference, line.amount_paise) == (1, "610212345678", 450_050)
    assert line.held_at == "00098765432101"
    to = ("00012345678901", "OTHR0000001", "OTHR") if kind is OrderKind.RESTORE else ("", "", "")
    assert (line.to_account, line.to_ifsc, line.to_institution) == to


@each(
    ("change", "where"),
    [
        ((b"/AMNT/INR4500.50", b"/AMNT/USD4500.50"), "AddtlInf"),
        ((ORDER_ID.hex.encode(), b"somebody elses"), "Assgnmt/Id"),
        ((b"<NbOfTxs>1<", b"<NbOfTxs>2<"), "NbOfTxs"),
        ((b"<OrgnlTxId>610212345678</OrgnlTxId>", b""), "OrgnlTxId"),
    ],
)
def test_an_order_that_is_not_whole_is_none(change: tuple[bytes, bytes], where: str) -> None:
    body = encode_order("DEMO", order(), created_at=AT)
    broken = body.replace(b"<OrgnlEndToEndId>610212345678</OrgnlEndToEndId>", b"").replace(*change)
    assert broken != body
    with pytest.raises(IncompleteMessage) as error:
        decode(broken)
    assert where in error.value.where


async def test_as_a_file_its_document_lies_beside_it_and_twice_is_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    async with SpoolAdapter(spool) as adapter:
        delivery, second = [await adapter.send_order(WAY, ticket(), timeout_seconds=5) for _ in range(2)]
    assert delivery == second == Delivery(case_id(ACK_NO, ORDER_ID))
    files = {path.name: path.read_bytes() for path in spool.of("DEMO", "out").iterdir()}
    assert sorted(files) == [f"{ORDER_ID.hex}.pdf", f"{ORDER_ID.hex}.xml"]
    assert files[f"{ORDER_ID.hex}.pdf"] == PDF
    assert isinstance(decode(files[f"{ORDER_ID.hex}.xml"]), OrderArrived)


async def test_what_no_message_can_carry_is_refused(tmp_path: Path) -> None:
    async with SpoolAdapter(Spool(tmp_path)) as adapter:
        with pytest.raises(BankRefused) as refused:
            await adapter.send_order(WAY, OrderTicket(order(reference="9" * 36), PDF), timeout_seconds=5)
    assert refused.value.response_code == CANNOT_BE_WRITTEN


# -- letters -----------------------------------------------------------------------------------------------------------


async def test_a_letter_has_the_document_and_a_link_and_no_account(tmp_path: Path) -> None:
    box, links = Postbox(), Links()
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), links, lambda: NO_HOLIDAYS)
        delivery, second = [await adapter.send_order(BANK, ticket(), timeout_seconds=5) for _ in range(2)]
    assert delivery == second == Delivery(f"MAIL-{ORDER_ID}")
    letter, again = box.letters
    assert letter["Message-ID"] == again["Message-ID"]
    assert (letter["To"], letter["Cc"]) == ("desk@gram.example", "nodal@gram.example")
    assert letter["Subject"] == f"Order to give money back: acknowledgement {ACK_NO}"
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    for said in (
        "https://police.example/a/o/token-1",
        "Rs 4500.50 of 1 transfer,",
        "27-04-2026",
        "GH/UP/RO/2026/000017",
    ):
        assert said in text, said
    assert "00012345678901" not in box.raw[0].decode(), "accounts stand in the document, and behind the link"
    (document,) = letter.iter_attachments()
    assert (document.get_content_type(), document.get_filename()) == ("application/pdf", f"order-{ACK_NO}-GRAM.pdf")
    assert document.get_content() == PDF
    assert links.made == [(ORDER_ID, "GRAM", "desk@gram.example")] * 2


async def test_a_letter_without_a_document_says_where_the_amounts_are() -> None:
    box = Postbox()
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), Links(), lambda: NO_HOLIDAYS)
        await adapter.send_order(BANK, OrderTicket(order(OrderKind.RELEASE)), timeout_seconds=5)
    (letter,) = box.letters
    assert letter["Subject"] == f"Order to lift a hold: acknowledgement {ACK_NO}"
    assert list(letter.iter_attachments()) == []


@each(
    ("refuses", "desk", "error"),
    [({"DATA": "451 later"}, "desk@gram.example", BankUnreachable), ({}, "", BankMisconfigured)],
)
async def test_a_letter_fails_as_every_channel_does(refuses: dict[str, str], desk: str, error: type) -> None:
    box = Postbox()
    box.refuses = refuses
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), Links(), lambda: NO_HOLIDAYS)
        with pytest.raises(error):
            await adapter.send_order(BANK.model_copy(update={"desk_email": desk}), ticket(), timeout_seconds=5)


# -- taken back --------------------------------------------------------------------------------------------------------


def taken_back(reference: str = "610212345678") -> BankOrder:
    return order(reference=reference).model_copy(update={"state": OrderState.CANCELLED, "cancelled_at": DUE_AT})


async def test_which_wires_have_a_message_for_a_cancelled_order() -> None:
    async with I4cAdapter() as wire:
        assert not isinstance(wire, CancellationTaker)
    for adapter in (PushAdapter, PullAdapter, SpoolAdapter, EmailAdapter):
        assert hasattr(adapter, "send_cancellation"), adapter


async def test_the_event_of_a_cancelled_order_has_an_id_of_its_own(hook: Hook) -> None:
    async with PushAdapter(clock=lambda: datetime.now(UTC)) as adapter:
        for _ in range(2):
            await adapter.send_cancellation(hook.wire(), taken_back(), timeout_seconds=5)
    ids = {headers["webhook-id"] for headers, _ in hook.came}
    assert ids == {str(cancellation_id(ORDER_ID))}
    headers, body = hook.came[0]
    Webhook(NEW).verify(body.decode(), headers)
    event = OrderCancelled.model_validate_json(body)
    assert (event.data.order_id, event.data.cancelled_at, event.data.lines) == (ORDER_ID, DUE_AT, order().lines)


async def test_the_feed_wakes_the_waiting_bank() -> None:
    woken: list[str] = []

    async def announce(code: str) -> None:
        woken.append(code)

    async with PullAdapter(announce) as adapter:
        await adapter.send_cancellation(BANK, taken_back(), timeout_seconds=5)
    assert woken == ["GRAM"]


@each("with_header", [False, True])
def test_the_message_of_a_cancelled_order_names_the_order_and_nothing_to_pay(with_header: bool) -> None:
    body = encode_cancellation("DEMO", taken_back(), bic="DEMOINBB", with_header=with_header)
    message, inside = read(body)
    schema.check(message, inside)
    told = decode(body)
    assert isinstance(told, CancellationArrived)
    case = case_id(ACK_NO, cancellation_id(ORDER_ID))
    assert (told.order_id, told.ack_no, told.case_id, told.created_at) == (ORDER_ID, ACK_NO, case, DUE_AT)
    assert b"00012345678901" not in body
    with pytest.raises(IncompleteMessage):
        decode(body.replace(ORDER_ID.hex.encode(), b"somebody elses"))


async def test_as_a_file_twice_is_once_and_what_no_message_can_carry_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    async with SpoolAdapter(spool) as adapter:
        for _ in range(2):
            await adapter.send_cancellation(WAY, taken_back(), timeout_seconds=5)
        with pytest.raises(BankRefused):
            await adapter.send_cancellation(WAY, taken_back("9" * 36), timeout_seconds=5)
    assert [path.name for path in spool.of("DEMO", "out").iterdir()] == [f"{cancellation_id(ORDER_ID).hex}.xml"]


async def test_the_letter_of_a_cancelled_order_has_a_link_and_no_account() -> None:
    box, links = Postbox(), Links()
    async with mail_server(box) as port:
        adapter = EmailAdapter(Mailer.from_url(f"smtp://127.0.0.1:{port}"), links, lambda: NO_HOLIDAYS)
        await adapter.send_cancellation(BANK, taken_back(), timeout_seconds=5)
    (letter,) = box.letters
    assert letter["Subject"] == f"Order cancelled: acknowledgement {ACK_NO}"
    text = letter.get_content()
    assert "https://police.example/a/o/token-1" in text
    assert "00012345678901" not in text
