"""An order taken back: its bank is told until it has said so, and nothing else is ordered of that money before."""

from uuid import UUID

import asyncpg
import pytest
from temporalio.exceptions import ApplicationError

from activities.banks.delivery import BankDelivery
from activities.case.reply_links import LetterLinks
from activities.recovery import bank_replies
from activities.recovery.cancellations import (
    CancellationActivities,
    acknowledge_cancellation,
    record_attestation,
    reject_cancellation,
)
from activities.recovery.confirmations import record_statement
from activities.recovery.grievance_decisions import file_grievance
from activities.recovery.orders import cancel_order
from activities.secrets import SecretBox
from adapters.banks.protocol import BankRefused, BankUnreachable
from adapters.messages.smtp import Mailer
from db.pool import Pool
from db.recovery import bank_orders
from domain.errors import NotFound
from domain.errors.recovery import CancellationNeedsSecondOfficer, NoReleaseOrder, NotCancelled
from domain.work_items.task_notes import name_of
from schemas.enums import ChannelKind, Language
from schemas.procedures import OrderEscalationLevel, OrderStage
from schemas.recovery.grievances import NewGrievance
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from schemas.restoration_enums import OrderKind, OrderReason
from tests.activities.bench import Bench
from tests.activities.recovery.test_confirmations import HELD_PAISE
from tests.activities.recovery.test_orders import PUBLIC_URL, OrderBank, Road, road_on
from tests.desk_tasks import bank_notes
from tests.factories import SECRET, make_context
from tests.mail_server import Postbox, mail_server

I4C, EMAIL = ChannelKind.I4C, ChannelKind.EMAIL
REASON = OrderReason
SP = "officer:sp"
DOWN = BankUnreachable("HDFC", "HTTP 503")


class Back:
    """Orders about ₹600 at HDFC that are taken back; the bank has a wire and a mailbox."""

    def __init__(self, road: Road) -> None:
        self.road, self.bench = road, road.bench
        self.wire, self.mail = OrderBank(), road.mail
        self.adapters: dict[ChannelKind, object] = {I4C: self.wire, EMAIL: self.mail}
        road.ctx = road.made(self.adapters)

    def ctx(self, mailer: Mailer | None = None) -> CancellationActivities:
        links = LetterLinks(self.bench.ctx, SecretBox(SECRET), PUBLIC_URL) if mailer else None
        bank_delivery = BankDelivery(self.bench.ctx, self.adapters)  # type: ignore[arg-type]
        return CancellationActivities(self.bench.ctx, bank_delivery, mailer, links)

    async def cancelled(self, *, sent: bool = True) -> UUID:
        order_id = await self.road.ordered.order()
        if sent:
            await self.road.send(order_id)
        await cancel_order(self.bench.ctx, order_id, "the victim's account is closed", SP)
        return order_id

    async def notify(self, order_id: UUID, ctx: CancellationActivities | None = None) -> bool:
        return await (ctx or self.ctx()).send_cancellation(self.road.asked(order_id))

    async def at(self, order_id: UUID) -> str:
        look = await self.road.look(order_id)
        return "over" if look.over else look.at

    async def news(self, order_id: UUID) -> int:
        found: int = await self.bench.value(
            "SELECT count(*) FROM procedure_news WHERE workflow_id = $1", f"order-{order_id}"
        )
        return found


@pytest.fixture
async def back(database: Pool) -> Back:
    return Back(await road_on(Bench(await make_context(database))))


async def test_a_bank_that_cannot_know_of_an_order_is_told_nothing_and_nothing_waits(back: Back) -> None:
    order_id = await back.cancelled(sent=False)
    assert await back.at(order_id) == "over"
    with pytest.raises(NotCancelled):
        await acknowledge_cancellation(back.bench.ctx, "HDFC", order_id)
    assert await back.road.send(await back.road.ordered.order())
    assert len(back.wire.tickets) == 1


async def test_what_is_ordered_again_waits_until_the_bank_does_the_old_order_no_more(back: Back) -> None:
    order_id = await back.cancelled()
    again = await back.road.ordered.order()
    assert (await back.at(order_id), await back.at(again)) == (OrderStage.TO_TELL, OrderStage.WAITS)
    assert await back.road.send(again)
    assert len(back.wire.tickets) == 1, "the bank has not got the second order"
    async with back.bench.pool.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError) as error:
            await bank_orders.note_tried(connection, again, back.bench.ctx.now())
    assert error.value.constraint_name == "bank_order_waits"
    assert await back.notify(order_id)
    assert (await back.at(order_id), await back.at(again)) == (OrderStage.TOLD, OrderStage.WAITS)
    with pytest.raises(NotFound):
        await bank_replies.acknowledge(back.bench.ctx, "HDFC", again)
    before = await back.news(again)
    at = await acknowledge_cancellation(back.bench.ctx, "HDFC", order_id)
    assert await acknowledge_cancellation(back.bench.ctx, "HDFC", order_id) == at, "said again it is the same"
    assert (await back.at(order_id), await back.at(again)) == ("over", "planned")
    assert await back.news(again) == before + 1
    assert await back.road.send(again)
    assert [ticket.order.order_id for ticket in back.wire.tickets] == [order_id, again]
    log = await back.bench.events(back.road.ordered.case_no)
    assert [kind for kind in log if kind.startswith("order_cancel")] == [
        "order_cancelled",
        "order_cancellation_told",
        "order_cancellation_settled",
    ]


async def test_every_channel_that_brought_the_order_brings_the_cancellation_once(back: Back) -> None:
    order_id = await back.road.ordered.order()
    await back.road.send(order_id)
    await back.road.escalate(order_id, OrderEscalationLevel.REMINDER)
    await back.road.send(order_id)
    assert len(back.wire.tickets) == len(back.mail.tickets) == 1
    await cancel_order(back.bench.ctx, order_id, "x", SP)
    back.wire.outcomes.append(DOWN)
    with pytest.raises(ApplicationError) as error:
        await back.notify(order_id)
    assert not error.value.non_retryable
    assert (len(back.mail.taken_back), await back.at(order_id)) == (1, OrderStage.TO_TELL)
    assert await back.notify(order_id)
    assert await back.notify(order_id)
    assert (len(back.wire.taken_back), len(back.mail.taken_back)) == (2, 1)
    assert await back.at(order_id) == OrderStage.TOLD


async def test_an_order_that_is_cancelled_on_its_way_is_told_to_the_bank_that_got_it(back: Back) -> None:
    order_id = await back.road.ordered.order()
    sent = back.wire.send_order

    async def meanwhile(*args: object, **named: object) -> object:
        await cancel_order(back.bench.ctx, order_id, "x", SP)
        return await sent(*args, **named)  # type: ignore[arg-type]

    back.wire.send_order = meanwhile  # type: ignore[method-assign, assignment]
    assert await back.road.send(order_id)
    assert (await back.road.state(order_id), await back.at(order_id)) == ("cancelled", OrderStage.TO_TELL)
    assert await back.notify(order_id)
    assert len(back.wire.taken_back) == 1


async def test_a_bank_whose_tries_all_failed_may_know_of_the_order_too(back: Back) -> None:
    order_id = await back.road.ordered.order()
    back.wire.outcomes.append(DOWN)
    await back.road.fail(order_id)
    await cancel_order(back.bench.ctx, order_id, "x", SP)
    assert await back.at(order_id) == OrderStage.TO_TELL
    assert await back.notify(order_id)
    assert len(back.wire.taken_back) + len(back.mail.taken_back) == 1


async def test_a_bank_whose_wires_have_no_message_for_it_gets_a_letter(back: Back) -> None:
    order_id, box = await back.cancelled(), Postbox()
    unknown = BankRefused("HDFC", "NO-EVENT", "what is that?")
    back.wire.outcomes += [unknown] * 2
    back.mail.outcomes += [unknown] * 2
    async with mail_server(box) as port:
        assert await back.notify(order_id, back.ctx(Mailer.from_url(f"smtp://127.0.0.1:{port}")))
    (letter,) = box.letters
    assert letter["Subject"] == f"Order cancelled: acknowledgement {back.road.ordered.case_no}"
    assert await back.at(order_id) == OrderStage.TOLD
    digest = "SELECT encode(digest, 'hex') FROM bank_exchange WHERE order_id = $1 AND about = 'cancellation'"
    data = "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'order_cancellation_told'"
    (exchange,) = (await back.bench.value(data, back.road.ordered.case_no))["exchanges"]
    assert exchange["sent_sha256"] == await back.bench.value(digest, order_id)


async def test_no_response_goes_to_the_desk_then_to_the_supervisor_until_somebody_attests(back: Back) -> None:
    order_id = await back.cancelled()
    await back.notify(order_id)
    for level, asked in (
        (OrderEscalationLevel.DESK_TASK, "order_silent"),
        (OrderEscalationLevel.SUPERVISOR, "supervise"),
    ):
        assert [due.what for due in (await back.road.look(order_id)).dues] == [level.value]
        for _ in range(2):
            await back.ctx().escalate_cancellation(back.road.asked(order_id, level.value))
        assert await back.road.open_about(order_id) == [asked], "one at a time"
    assert (await back.road.look(order_id)).dues == ()
    assert (await back.bench.events(back.road.ordered.case_no)).count("order_cancellation_escalated") == 2
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await record_attestation(back.bench.ctx, order_id, "", SP)
    assert error.value.constraint_name == "order_cancellation_first_word"
    await record_attestation(back.bench.ctx, order_id, "told Mr. Rao by telephone at 11", SP)
    assert await back.at(order_id) == OrderStage.TOLD, "one officer alone does not send the order in its place"
    with pytest.raises(CancellationNeedsSecondOfficer):
        await record_attestation(back.bench.ctx, order_id, "told Mr. Rao again", SP)
    await record_attestation(back.bench.ctx, order_id, "Mr. Rao says so too", "officer:chief")
    assert (await back.at(order_id), await back.road.notes()) == ("over", [])
    with pytest.raises(asyncpg.RestrictViolationError):
        await back.bench.pool.execute("UPDATE order_cancellation SET settled_at = NULL, settled_by = NULL")


async def test_a_bank_that_rejects_it_is_telephoned_and_what_waits_goes_on_waiting(back: Back) -> None:
    order_id = await back.cancelled()
    again = await back.road.ordered.order()
    await reject_cancellation(back.bench.ctx, "HDFC", order_id)
    assert await back.at(again) == OrderStage.WAITS
    assert [note for note in await back.road.notes() if "rejects" in note]


async def test_a_bank_that_had_paid_all_the_same_is_believed_and_what_waited_is_never_sent(back: Back) -> None:
    order_id = await back.cancelled()
    again = await back.road.ordered.order()
    taken = await back.road.ordered.confirm(order_id)
    assert (taken.applied, taken.contradictions) == (1, 0)
    assert (await back.road.ordered.buckets())["restored"] == HELD_PAISE
    assert (await back.at(order_id), await back.road.state(again)) == ("over", "cancelled")
    assert len(back.wire.tickets) == 1


@pytest.mark.parametrize("reason", [reason for reason in OrderReason if reason is not REASON.RESTORATION])
async def test_what_made_way_and_comes_back_by_no_clock_is_a_persons(back: Back, reason: OrderReason) -> None:
    ordered, grievance_id = back.road.ordered, None
    if reason is REASON.GRIEVANCE:
        appeal = NewGrievance(text="I sold a phone", language=Language.EN)
        grievance_id = (await file_grievance(back.bench.ctx, ordered.hold_id, appeal, "holder")).grievance_id
    order_id = await back.cancelled()
    instead = await ordered.order(kind=OrderKind.RELEASE, lets_go=reason, grievance_id=grievance_id)
    await ordered.confirm(order_id, 200_00)
    assert await back.road.state(instead) == "cancelled"
    tasks = "kind = 'supervise' AND state = 'open' AND cause = 'order_to_repeat'"
    note = f"{name_of(OrderReason, reason, Language.EN)}: order {instead} was cancelled, order again what remains of it"
    asked = reason in {REASON.COMPLAINT_WITHDRAWN, REASON.COURT, REASON.GRIEVANCE, REASON.OBJECTION, REASON.SMALL_HOLD}
    assert await bank_notes(back.bench.pool, tasks) == ([("HDFC", note)] if asked else [])


async def test_a_statement_that_comes_again_takes_back_nothing_that_was_ordered_since(back: Back) -> None:
    order_id = await back.cancelled()
    await back.road.ordered.confirm(order_id, 200_00)
    since = await back.road.ordered.order(400_00)
    await back.road.ordered.confirm(order_id, 200_00)
    assert await back.road.state(since) == "planned"


async def test_another_amount_of_what_was_done_all_the_same_makes_way_and_can_be_booked(back: Back) -> None:
    ordered, ctx = back.road.ordered, back.bench.ctx
    order_id = await back.cancelled()
    await ordered.confirm(order_id, 200_00)
    since = await ordered.order(400_00)
    assert (await ordered.confirm(order_id, 300_00)).contradictions == 1
    assert await back.road.state(since) == "cancelled", "it would pay again what the bank says it has paid"
    line = ConfirmedLine(line_no=1, amount_paise=300_00, done_at=ctx.now(), reference="UTR1")
    statement = OrderConfirmation(lines=(line,))
    await ordered.order(400_00)
    await record_statement(ctx, order_id, statement, "by telephone", "officer:desk", supervises=False)
    await record_statement(ctx, order_id, statement, "by telephone", SP, supervises=True)
    assert (await ordered.buckets())["restored"] == 300_00
    await back.bench.check(ordered.case_no)


async def test_what_a_bank_said_by_telephone_waits_for_a_second_officer_though_the_order_is_cancelled(
    back: Back,
) -> None:
    ordered, ctx = back.road.ordered, back.bench.ctx
    order_id = await ordered.order()
    await back.road.send(order_id)
    line = ConfirmedLine(line_no=1, amount_paise=HELD_PAISE, done_at=ctx.now())
    statement, note = OrderConfirmation(lines=(line,)), "S. Rao by telephone"
    await record_statement(ctx, order_id, statement, note, "officer:desk", supervises=False)
    await cancel_order(ctx, order_id, "the victim's account is closed", SP)
    assert ("supervise", None) in await back.bench.tasks(ordered.case_no)
    await record_statement(ctx, order_id, statement, note, SP, supervises=True)
    assert ("supervise", None) not in await back.bench.tasks(ordered.case_no)
    assert (await ordered.buckets())["restored"] == HELD_PAISE


async def test_a_bank_that_lifted_the_hold_all_the_same_says_so_by_the_hold(back: Back) -> None:
    ordered, ctx = back.road.ordered, back.bench.ctx
    request_id = await back.bench.value("SELECT request_id FROM hold_request WHERE case_no = $1", ordered.case_no)
    with pytest.raises(NoReleaseOrder):
        await bank_replies.confirm_release(ctx, "HDFC", request_id)
    order_id = await ordered.order(kind=OrderKind.RELEASE)
    with pytest.raises(NoReleaseOrder):
        await bank_replies.confirm_release(ctx, "HDFC", request_id)
    await back.road.send(order_id)
    await cancel_order(ctx, order_id, "the holder is a suspect", SP)
    for _ in range(2):
        # The reply was lost, and the bank says so again.
        await bank_replies.confirm_release(ctx, "HDFC", request_id)
        assert await ordered.buckets() == {"held": 0, "restored": 0, "released": HELD_PAISE}
    assert await back.at(order_id) == "over"
    assert await back.bench.discrepancies(ordered.case_no) == []


async def test_a_release_that_its_bank_does_no_more_is_no_release_order(back: Back) -> None:
    ordered, ctx = back.road.ordered, back.bench.ctx
    request_id = await back.bench.value("SELECT request_id FROM hold_request WHERE case_no = $1", ordered.case_no)
    order_id = await ordered.order(kind=OrderKind.RELEASE)
    await back.road.send(order_id)
    await cancel_order(ctx, order_id, "the holder is a suspect", SP)
    await acknowledge_cancellation(ctx, "HDFC", order_id)
    with pytest.raises(NoReleaseOrder):
        await bank_replies.confirm_release(ctx, "HDFC", request_id)
    assert (await ordered.buckets())["held"] == HELD_PAISE


async def test_the_list_shows_a_bank_what_is_cancelled_until_it_has_said_so(back: Back) -> None:
    order_id, ctx = await back.cancelled(), back.bench.ctx

    async def waiting() -> list[tuple[UUID, bool]]:
        page = await bank_replies.read_orders(ctx, "HDFC", 10, None, None, waiting=True)
        return [(order.order_id, order.cancelled_at is not None) for order in page.items]

    assert await waiting() == [(order_id, True)]
    await acknowledge_cancellation(ctx, "HDFC", order_id)
    assert await waiting() == []
    whole = await bank_replies.read_orders(ctx, "HDFC", 10, None, None)
    assert [order.state.value for order in whole.items] == ["cancelled"]
