"""Orders on their way to a bank: which channel carries them, what keeps them, and that a bank has each once."""

import asyncio
import hashlib
import os
import signal
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.banks.delivery import BankDelivery
from activities.case.reply_links import LetterLinks
from activities.recovery import bank_replies, hold_lifecycle, restoration_deadlines
from activities.recovery.document_issuing import OrderDocuments
from activities.recovery.orders import OrderActivities, cancel_order
from activities.recovery.restoration_transitions import restoration_transaction
from activities.secrets import SecretBox
from adapters.banks.protocol import BankMisconfigured, BankRefused, BankUnreachable, Delivery, HoldTicket, OrderTicket
from adapters.messages.smtp import Mailer
from db.pool import Pool
from db.recovery import bank_orders
from domain.recovery.documents import DocumentIncomplete
from schemas.enums import ChannelKind
from schemas.procedures import ActionInput, OrderAction, OrderEscalationLevel, RowState
from schemas.recovery.document_facts import Missing
from schemas.recovery.orders import BankOrder, OrderRefusal
from schemas.restoration_enums import DocumentKind, OrderKind, OrderState
from tests.activities.bench import Bench
from tests.activities.recovery.test_confirmations import HELD_PAISE, Ordered
from tests.activities.recovery.test_hold_opening import held_case
from tests.desk_tasks import NOT_DONE, notes
from tests.factories import SECRET, make_context, rrn
from tests.mail_server import Postbox, mail_server
from tests.paths import ROOT

PUSH, I4C, EMAIL = ChannelKind.PUSH, ChannelKind.I4C, ChannelKind.EMAIL
PDF = b"%PDF-1.7"
PUBLIC_URL = "https://police.example"


@dataclass
class OrderBank:
    """A channel that takes orders, or fails as it is told."""

    tickets: list[OrderTicket] = field(default_factory=list)
    outcomes: list[Exception] = field(default_factory=list)
    taken_back: list[BankOrder] = field(default_factory=list)

    async def send_order(self, bank: object, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        self.tickets.append(ticket)
        if self.outcomes:
            raise self.outcomes.pop(0)
        return Delivery("BANKS-1")

    async def send_cancellation(self, bank: object, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        self.taken_back.append(order)
        if self.outcomes:
            raise self.outcomes.pop(0)
        return Delivery("STOP-1")

    async def send_hold_request(self, bank: object, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        raise AssertionError("no hold is asked for here")

    async def close(self) -> None:
        """Nothing to close."""


class HoldsOnly:
    """A channel without a message for an order."""

    async def send_hold_request(self, bank: object, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        raise AssertionError("no hold is asked for here")

    async def close(self) -> None:
        """Nothing to close."""


class Road:
    """Orders about ₹600 at HDFC, which has the I4C wire and a mailbox, and the activities that send them."""

    def __init__(self, ordered: Ordered) -> None:
        self.ordered, self.bench = ordered, ordered.bench
        self.mail, self.documents = OrderBank(), 0
        self.lacks: DocumentIncomplete | None = None
        self.ctx = self.made({I4C: HoldsOnly(), EMAIL: self.mail})

    def made(self, adapters: dict[ChannelKind, object], mailer: Mailer | None = None) -> OrderActivities:
        links = LetterLinks(self.bench.ctx, SecretBox(SECRET), PUBLIC_URL) if mailer else None
        return OrderActivities(self.bench.ctx, BankDelivery(self.bench.ctx, adapters), mailer, self.document, links)  # type: ignore[arg-type]

    async def document(self, _: UUID) -> bytes:
        self.documents += 1
        if self.lacks:
            raise self.lacks
        return PDF

    def asked(self, order_id: UUID, what: str = "") -> ActionInput:
        return ActionInput(subject=str(order_id), case_no=self.ordered.case_no, what=what, at=self.bench.ctx.now())

    async def send(self, order_id: UUID, ctx: OrderActivities | None = None) -> bool:
        return await (ctx or self.ctx).send_order(self.asked(order_id))

    async def fail(self, order_id: UUID, ctx: OrderActivities | None = None) -> ApplicationError:
        with pytest.raises(ApplicationError) as error:
            await self.send(order_id, ctx)
        return error.value

    async def escalate(self, order_id: UUID, level: OrderEscalationLevel, ctx: OrderActivities | None = None) -> None:
        await ActivityEnvironment().run((ctx or self.ctx).escalate_order, self.asked(order_id, level.value))

    async def look(self, order_id: UUID) -> RowState:
        return await self.ctx.read_order_state(self.asked(order_id))

    async def state(self, order_id: UUID) -> str:
        found: str = await self.bench.value("SELECT state FROM bank_order WHERE order_id = $1", order_id)
        return found

    async def times_told(self, order_id: UUID) -> int:
        found: int = await self.bench.value("SELECT level_times FROM bank_order WHERE order_id = $1", order_id)
        return found

    async def age(self, order_id: UUID, seconds: float) -> None:
        """Move the time of the last level back by so much."""
        await self.bench.pool.execute(
            "UPDATE bank_order SET level_at = level_at - make_interval(secs => $2) WHERE order_id = $1",
            order_id,
            seconds,
        )

    async def open_about(self, order_id: UUID) -> list[str]:
        """The open tasks about the order, or about its restoration's being late."""
        rows = await self.bench.rows(
            "SELECT t.kind FROM bank_order o JOIN desk_task t ON t.case_no = o.case_no AND t.state = 'open'"
            " AND (t.subject_kind, t.subject_id) IN (('order', o.order_id::text),"
            " ('restoration', o.restoration_id::text))"
            " AND t.cause <> 'order_second_officer'"
            " WHERE o.order_id = $1 AND t.kind <> 'restoration_step' ORDER BY t.task_id",
            order_id,
        )
        return [kind for (kind,) in rows]

    async def notes(self, state: str = "open") -> list[str]:
        about = "case_no = $1 AND state = $2 AND subject_kind = 'order' AND cause <> 'order_second_officer'"
        return await notes(self.bench.pool, about, self.ordered.case_no, state)


@pytest.fixture
async def road(database: Pool) -> Road:
    """On a database of its own: which channels its bank has, and how they do, no other test decides."""
    return await road_on(Bench(await make_context(database)))


async def road_on(bench: Bench) -> Road:
    case_no = await held_case(bench, f"1{rrn()}")
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    hold_id = await bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    return Road(Ordered(bench, case_no, hold_id))


# -- on the way --------------------------------------------------------------------------------------------------------


async def test_a_channel_without_a_message_for_orders_is_passed_over_and_the_order_is_sent_once(road: Road) -> None:
    order_id = await road.ordered.order()
    assert await road.send(order_id)
    (ticket,) = road.mail.tickets
    assert (ticket.order.order_id, ticket.document_pdf) == (order_id, PDF)
    row = await road.bench.rows("SELECT state, channel, job_id FROM bank_order WHERE order_id = $1", order_id)
    assert row == [("delivered", "email", "BANKS-1")]
    assert await road.notes() == []
    assert await road.send(order_id), "run again"
    assert len(road.mail.tickets) == 1
    assert (await road.bench.events(road.ordered.case_no)).count("order_delivered") == 1


async def test_when_one_channel_fails_the_next_has_the_same_order(road: Road) -> None:
    order_id, wire = await road.ordered.order(), OrderBank(outcomes=[BankUnreachable("HDFC", "HTTP 503")])
    ctx = road.made({I4C: wire, EMAIL: road.mail})
    error = await road.fail(order_id, ctx)
    assert (error.next_retry_delay or timedelta(1)) < timedelta(seconds=1)
    assert await road.send(order_id, ctx)
    assert wire.tickets[0].order.order_id == road.mail.tickets[0].order.order_id == order_id


@pytest.mark.parametrize(("asked_seconds", "delay"), [(None, None), (7, None), (900, timedelta(minutes=15))])
async def test_a_bank_that_cannot_be_reached_is_tried_again_and_no_person_is_asked(
    road: Road, asked_seconds: float | None, delay: timedelta | None
) -> None:
    order_id = await road.ordered.order()
    road.mail.outcomes.append(BankUnreachable("HDFC", "HTTP 503", asked_seconds))
    error = await road.fail(order_id)
    assert not error.non_retryable
    assert error.next_retry_delay == delay
    assert await road.notes() == []


async def test_a_refusal_is_the_banks_statement_and_is_for_a_person(road: Road) -> None:
    order_id = await road.ordered.order()
    road.mail.outcomes.append(BankRefused("HDFC", "NO-EVENT", "what is that?"))
    assert await road.send(order_id)
    row = await road.bench.rows(
        "SELECT state, refusal_code, refusal_message FROM bank_order WHERE order_id = $1", order_id
    )
    assert row == [("refused", "NO-EVENT", "what is that?")]
    assert await road.notes() == [f"order {order_id}: {NOT_DONE}"]
    look = await road.look(order_id)
    assert (look.over, [due.what for due in look.dues]) == (False, ["reminder"]), "the escalation goes on"


async def test_what_is_over_is_sent_no_more(road: Road) -> None:
    order_id = await road.ordered.order()
    await cancel_order(road.bench.ctx, order_id, "not wanted", "officer:sp")
    assert await road.send(order_id)
    assert road.mail.tickets == []
    assert (await road.look(order_id)).over


# -- what keeps it -----------------------------------------------------------------------------------------------------


async def test_an_order_whose_document_incomplete_something_waits_and_its_task_names_it(road: Road) -> None:
    order_id = await road.ordered.order()
    missing = [Missing(field=name, law="SOP", why="it must") for name in ("approved_by", "fir_no")]
    road.lacks = DocumentIncomplete(DocumentKind.RESTORATION_ORDER, missing)
    for _ in range(2):
        assert (await road.fail(order_id)).non_retryable
    assert road.mail.tickets == [], "no bank gets an order without its document"
    note = f"order {order_id}: not sent: its document lacks who approved it, fir_no"
    assert await road.notes() == [note]
    look = await road.look(order_id)
    assert [due.what for due in look.dues] == [OrderAction.TRY_AGAIN, "reminder"]
    assert look.dues[0].at - look.dues[1].at < timedelta(0)
    road.lacks = None
    assert await road.send(order_id)
    assert (await road.notes(), await road.notes("closed")) == ([], [note])


async def test_an_order_whose_real_document_cannot_be_issued_is_kept(road: Road) -> None:
    ctx = replace(road.ctx, document_of=OrderDocuments(road.bench.ctx).of)
    kept = await road.ordered.order(200_00)
    assert (await road.fail(kept, ctx)).type == "DocumentIncomplete"
    (note,) = await road.notes()
    assert "its document lacks " in note
    assert "who approved it" in note, "it is not approved here"
    assert road.mail.tickets == []


async def test_a_fault_of_ours_is_told_once_and_tried_again(road: Road) -> None:
    order_id = await road.ordered.order()
    road.mail.outcomes += [BankMisconfigured("HDFC", "the directory has no valid desk address")] * 2
    for _ in range(2):
        assert (await road.fail(order_id)).non_retryable
    assert await road.notes() == [
        f"order {order_id}: not sent: BankMisconfigured the directory has no valid desk address"
    ]
    await cancel_order(road.bench.ctx, order_id, "not wanted", "officer:sp")
    assert await road.notes() == [], "a finished order needs no person"


async def test_a_bank_without_a_channel_for_orders_is_a_task_and_a_letter_where_it_has_an_address(road: Road) -> None:
    order_id = await road.ordered.order()
    await road.fail(order_id, road.made({I4C: HoldsOnly()}))
    assert await road.notes() == [f"order {order_id}: not sent: BankNotReached no channel in the directory"]
    known = road.bench.ctx.directory.current.get("HDFC")
    assert known is not None
    with pytest.MonkeyPatch.context() as patch:
        wire_only = known.model_copy(update={"channels": (I4C,)})
        patch.setitem(road.bench.ctx.directory.current._by_code, "HDFC", wire_only)
        box = Postbox()
        async with mail_server(box) as port:
            assert await road.send(order_id, road.made({I4C: HoldsOnly()}, Mailer.from_url(f"smtp://127.0.0.1:{port}")))
    (letter,) = box.letters
    assert letter["To"] == "desk@hdfc.example"
    assert await road.bench.value("SELECT channel FROM bank_order WHERE order_id = $1", order_id) == "email"
    assert await road.notes() == [
        f"order {order_id}: it went by letter alone, no channel of the bank carries orders: telephone"
    ]
    ((about, digest),) = await road.bench.rows("SELECT about, digest FROM bank_exchange WHERE order_id = $1", order_id)
    assert (about, digest) == ("order", hashlib.sha256(box.raw[0]).digest())
    data = "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'order_delivered'"
    (exchange,) = (await road.bench.value(data, road.ordered.case_no))["exchanges"]
    assert exchange["sent_sha256"] == digest.hex()


# -- escalation --------------------------------------------------------------------------------------------------------


async def test_every_level_once_with_letters_that_bring_a_link(road: Road) -> None:
    order_id, box = await road.ordered.order(), Postbox()
    async with mail_server(box) as port:
        ctx = road.made({I4C: HoldsOnly(), EMAIL: road.mail}, Mailer.from_url(f"smtp://127.0.0.1:{port}"))
        await road.send(order_id, ctx)
        for level in OrderEscalationLevel:
            assert (await road.look(order_id)).dues[0].what == level.value
            for _ in range(2):
                await road.escalate(order_id, level, ctx)
    assert [due.what for due in (await road.look(order_id)).dues] == [OrderEscalationLevel.SUPERVISOR], "again"
    assert [letter["To"] for letter in box.letters] == ["desk@hdfc.example", "nodal@hdfc.example"]
    for letter in box.letters:
        body = letter.get_body(("plain",))
        assert body is not None
        assert f"{PUBLIC_URL}/a/o/" in body.get_content()
        assert road.ordered.case_no in letter["Subject"]
    assert await road.bench.value("SELECT count(*) FROM reply_link WHERE order_id = $1", order_id) == 2
    kept = "SELECT digest FROM bank_exchange WHERE order_id = $1 ORDER BY exchange_id"
    digests = [hashlib.sha256(letter).digest() for letter in box.raw]
    assert [digest for (digest,) in await road.bench.rows(kept, order_id)] == digests
    assert await road.open_about(order_id) == ["supervise"], "the desk's task has become the supervisor's"
    assert (await road.bench.events(road.ordered.case_no)).count("order_escalated") == 4
    await road.ordered.confirm(order_id)
    assert await road.notes() == [], "a confirmation needs no person any more"


async def test_the_supervisor_is_told_again_until_it_is_done_as_often_as_was_promised(road: Road) -> None:
    order_id, rule = await road.ordered.order(), road.bench.ctx.policy.order
    await road.send(order_id)
    for level in OrderEscalationLevel:
        await road.escalate(order_id, level)
    for times in range(2, rule.supervisor_times + 1):
        await road.escalate(order_id, OrderEscalationLevel.SUPERVISOR)
        assert await road.times_told(order_id) == times - 1, "not before its time"
        await road.bench.pool.execute("UPDATE desk_task SET state = 'closed', closed_at = now(), closed_by = 'x'")
        await road.age(order_id, rule.supervisor_again_after_seconds)
        await road.escalate(order_id, OrderEscalationLevel.SUPERVISOR)
        assert await road.times_told(order_id) == times
        assert await road.notes() == [f"order {order_id}: {NOT_DONE}"], "even if an officer closed the task before"
    assert (await road.look(order_id)).dues == ()


async def test_one_late_bank_is_one_open_task_at_a_time(road: Road) -> None:
    order_id, bench = await road.ordered.order(), road.bench
    await road.send(order_id)
    restoration = await bench.value("SELECT restoration_id FROM bank_order WHERE order_id = $1", order_id)

    async def the_step_is_late() -> None:
        """As the restoration's clock finds at `credit`."""
        async with restoration_transaction(bench.ctx, restoration, "engine") as work:
            await restoration_deadlines.escalate(work)

    await the_step_is_late()
    assert await road.open_about(order_id) == ["supervise"], "no task asks about the bank yet"
    await road.escalate(order_id, OrderEscalationLevel.DESK_TASK)
    assert await road.open_about(order_id) == ["order_silent"]
    await the_step_is_late()
    assert await road.open_about(order_id) == ["order_silent"]
    for _ in range(3):
        await road.escalate(order_id, OrderEscalationLevel.SUPERVISOR)
        await the_step_is_late()
        assert await road.open_about(order_id) == ["supervise"]
        await road.age(order_id, bench.ctx.policy.order.supervisor_again_after_seconds)
    await road.ordered.confirm(order_id)
    assert await road.open_about(order_id) == []


async def test_no_response_takes_the_order_over_the_next_channel_too(road: Road) -> None:
    order_id, wire = await road.ordered.order(), OrderBank()
    ctx = road.made({I4C: wire, EMAIL: road.mail})
    await road.send(order_id, ctx)
    await road.escalate(order_id, OrderEscalationLevel.REMINDER, ctx)
    assert await road.state(order_id) == "planned"
    await road.send(order_id, ctx)
    await road.escalate(order_id, OrderEscalationLevel.NODAL_OFFICER, ctx)
    assert await road.state(order_id) == "delivered", "every channel has had its turn"
    carried = await road.bench.rows(
        "SELECT channel, outcome FROM delivery_attempt WHERE order_id = $1 ORDER BY attempt_id", order_id
    )
    assert carried == [("i4c", "delivered"), ("i4c", "silent"), ("email", "delivered"), ("email", "silent")]
    assert len(wire.tickets) == len(road.mail.tickets) == 1


async def test_the_log_of_an_order_names_no_account_and_no_person_and_quotes_no_text(road: Road) -> None:
    order_id = await road.ordered.order(200_00)
    await road.send(order_id)
    refusal = OrderRefusal(code="NO-HOLD", reason="Munna Bhai has withdrawn it")
    await bank_replies.refuse(road.bench.ctx, "HDFC", order_id, refusal, "bank:HDFC")
    await bank_replies.send_again(road.bench.ctx, order_id, "spoke to Shri Prasad", "officer:desk")
    await bank_replies.acknowledge(road.bench.ctx, "HDFC", order_id)
    await road.ordered.confirm(order_id, 50_00)
    await road.ordered.confirm(order_id, 50_00, "UTR-SAID", account="9988776655")
    await cancel_order(road.bench.ctx, order_id, "Shri Prasad asked", "officer:sp")
    rows = await road.bench.rows(
        "SELECT data::text FROM case_event WHERE case_no = $1 AND (kind LIKE 'order%' OR kind LIKE '%opened')",
        road.ordered.case_no,
    )
    log = "".join(text for (text,) in rows)
    assert str(order_id) in log
    for personal in ("000123456789", "9988776655", "Munna", "Prasad", "UTR-SAID", "UTR1"):
        assert personal not in log, personal


# -- killed ------------------------------------------------------------------------------------------------------------


async def test_killed_between_the_bank_and_the_record_it_is_one_order_at_the_bank(
    database_dsn: str, database: Pool
) -> None:
    """The bank has it, the process is gone: the next attempt sends the same order under the same key."""
    road = await road_on(Bench(await make_context(database)))
    order_id = await road.ordered.order(kind=OrderKind.RELEASE)
    took: list[str] = []

    async def bank(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        took.append(head.partition("webhook-id: ")[2].partition("\r\n")[0])
        # The sender is killed before it reads the reply.
        await reader.read()
        writer.close()

    server = await asyncio.start_server(bank, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.activities.order_sender", database_dsn, str(order_id), str(port)),
        cwd=ROOT,
    )
    async with asyncio.timeout(60):
        while not took:  # noqa: ASYNC110 - another process sets it
            await asyncio.sleep(0.01)
    os.kill(sender.pid, signal.SIGKILL)
    assert await sender.wait() == -signal.SIGKILL
    server.close()
    assert await road.state(order_id) == "planned", "no row says that the bank has it"
    again = OrderBank()
    assert await road.send(order_id, road.made({I4C: again}))
    assert [str(ticket.order.order_id) for ticket in again.tickets] == took == [str(order_id)]
    assert await road.state(order_id) == "delivered"
    assert (await road.bench.events(road.ordered.case_no)).count("order_delivered") == 1
    await road.ordered.confirm(order_id)
    assert (await road.ordered.buckets())["released"] == HELD_PAISE


async def test_a_bank_may_confirm_before_the_record_knows_that_it_has_the_order(road: Road) -> None:
    order_id = await road.ordered.order()
    taken = await road.ordered.confirm(order_id)
    assert taken.state is OrderState.CONFIRMED
    assert await road.send(order_id)
    assert road.mail.tickets == []
    async with road.bench.pool.acquire() as connection:
        assert not await bank_orders.delivered(connection, order_id, EMAIL, "late", datetime.now(UTC))


async def test_orders_of_one_process_share_the_banks_turns_with_hold_requests(road: Road) -> None:
    bank_delivery = BankDelivery(road.bench.ctx, {I4C: OrderBank()})
    ctx = replace(road.ctx, bank_delivery=bank_delivery)
    with bank_delivery._limits.place("HDFC"):
        assert len(bank_delivery._limits._banks["HDFC"].under_way) == 1
        assert await road.send(await road.ordered.order(), ctx)
