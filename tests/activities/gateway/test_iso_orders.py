"""Orders that a bank answers by files: returned money is a credit, a resolution lifts, refuses or waits."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from activities.gateway.iso import MessageRefused, MessageTaken, take_message
from activities.recovery import hold_lifecycle
from activities.recovery.confirmations import take_confirmation
from activities.recovery.orders import cancel_order
from adapters.banks.iso20022.bank_side import Return, TransferStatus, encode_resolution, encode_return
from adapters.banks.iso20022.values import case_id
from db.recovery import bank_orders
from domain.recovery.orders import Via
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation, cancellation_id
from schemas.restoration_enums import OrderKind
from tests.activities.bench import Bench
from tests.activities.recovery.test_confirmations import HELD_PAISE, Ordered
from tests.activities.recovery.test_hold_opening import held_case
from tests.factories import rrn

NOW = datetime.now(UTC)


class Filed:
    """₹600 on hold at HDFC, an order about it, and what HDFC writes."""

    def __init__(self, ordered: Ordered, reference: str) -> None:
        self.ordered, self.bench, self.reference = ordered, ordered.bench, reference

    def returned(self, *paise: int, case: str = "", message: UUID | None = None, **changes: Any) -> bytes:
        told: dict[str, Any] = {"reference": self.reference, "transfer_paise": 1000_00, "settled_on": NOW} | changes
        lines = [Return(**{"returned_paise": each, "return_id": f"R{rrn()}", **told}) for each in paise]
        return encode_return("HDFC", message or uuid4(), case, lines, created_at=NOW)

    def resolution(self, order_id: UUID, status: str, **changes: Any) -> bytes:
        told: dict[str, Any] = {"reference": self.reference, "transaction": f"L{rrn()}"} | changes
        lines = [TransferStatus(status=status, **told)]
        return encode_resolution("HDFC", uuid4(), self.case(order_id), lines, created_at=NOW)

    def case(self, order_id: UUID) -> str:
        return case_id(self.ordered.case_no, order_id)

    async def cancelled(self, kind: OrderKind = OrderKind.RESTORE) -> UUID:
        """An order that the bank has, taken back."""
        order_id = await self.ordered.order(kind=kind)
        async with self.bench.pool.acquire() as connection:
            await bank_orders.note_tried(connection, order_id, NOW)
        await cancel_order(self.bench.ctx, order_id, "not wanted", "officer:sp")
        return order_id

    async def take(self, body: bytes) -> MessageTaken:
        taken = await take_message(self.bench.ctx, "HDFC", body)
        await self.bench.check(self.ordered.case_no)
        return taken

    async def state(self, order_id: UUID) -> str:
        found: str = await self.bench.value("SELECT state FROM bank_order WHERE order_id = $1", order_id)
        return found

    async def desk(self) -> list[str]:
        return [kind for kind, _ in await self.bench.tasks(self.ordered.case_no) if kind != "restoration_step"]


@pytest.fixture
async def filed(bench: Bench) -> Filed:
    case_no = await held_case(bench, f"1{rrn()}")
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    hold_id = await bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    reference = await bench.value("SELECT reference FROM hop WHERE case_no = $1", case_no)
    return Filed(Ordered(bench, case_no, hold_id), reference)


# -- money returned ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names_the_order", [True, False])
async def test_money_that_was_ordered_back_is_booked_and_needs_no_task(filed: Filed, names_the_order: bool) -> None:
    order_id = await filed.ordered.order()
    before = await filed.desk()
    named: dict[str, Any] = {"case": filed.case(order_id)} if names_the_order else {"transfer_paise": None}
    body = filed.returned(HELD_PAISE, **named)
    taken = await filed.take(body)
    assert "1 of 1 lines read, 1 of them as ordered" in taken.said
    assert (await filed.ordered.buckets())["restored"] == HELD_PAISE
    assert await filed.state(order_id) == "confirmed"
    assert await filed.desk() == before
    again = await filed.take(body)
    assert again.repeated
    assert (
        await filed.bench.value(
            "SELECT count(*) FROM bank_confirmation WHERE order_id = $1 AND disposition = 'applied'", order_id
        )
        == 1
    )


async def test_a_message_that_came_before_the_engine_stopped_is_booked_when_it_comes_again(filed: Filed) -> None:
    """The lines are kept, then the process ends; the file stays where it is and is taken again."""
    order_id, body = await filed.ordered.order(), filed.returned(HELD_PAISE)
    with pytest.MonkeyPatch.context() as patch:

        async def stopped(*_: object) -> int:
            raise ConnectionResetError

        patch.setattr("activities.gateway.iso.book", stopped)
        with pytest.raises(ConnectionResetError):
            await filed.take(body)
    assert (await filed.ordered.buckets())["restored"] == 0
    assert (await filed.take(body)).repeated
    assert await filed.state(order_id) == "confirmed"


async def test_in_parts_and_a_second_return_of_the_whole(filed: Filed) -> None:
    order_id = await filed.ordered.order()
    await filed.take(filed.returned(200_00, 300_00))
    assert await filed.ordered.buckets() == {"held": 100_00, "restored": 500_00, "released": 0}
    await filed.take(filed.returned(100_00))
    assert await filed.state(order_id) == "confirmed"
    await filed.take(filed.returned(HELD_PAISE))
    assert [kind for kind, *_ in await filed.bench.discrepancies(filed.ordered.case_no)] == ["credited_twice"]
    assert (await filed.ordered.buckets())["restored"] == HELD_PAISE


async def test_a_return_under_an_id_that_was_booked_with_another_sum_is_for_a_person(filed: Filed) -> None:
    await filed.ordered.order()
    await filed.take(filed.returned(200_00, return_id="RTR-1"))
    for _ in range(2):
        await filed.take(filed.returned(300_00, return_id="RTR-1"))
    doubts = await filed.bench.rows(
        "SELECT kind, claimed_paise, applied_paise FROM discrepancy WHERE case_no = $1", filed.ordered.case_no
    )
    assert doubts == [("credited_other_amount", 300_00, 200_00)]
    assert (await filed.ordered.buckets())["restored"] == 200_00


async def test_a_late_return_is_flagged(filed: Filed) -> None:
    order_id = await filed.ordered.order()
    await filed.take(filed.returned(HELD_PAISE, settled_on=NOW + timedelta(days=30)))
    assert await filed.bench.value("SELECT flags FROM bank_confirmation WHERE order_id = $1", order_id) == ["late"]


async def test_money_without_an_order_is_for_the_desk_as_before(filed: Filed) -> None:
    await filed.ordered.order(kind=OrderKind.RELEASE)
    await filed.take(filed.returned(HELD_PAISE))
    assert (await filed.ordered.buckets())["held"] == HELD_PAISE
    assert "read_answer" in await filed.desk()


async def test_one_transfer_under_two_live_orders_is_for_a_person_unless_the_order_is_named(filed: Filed) -> None:
    first, second = await filed.ordered.order(200_00), await filed.ordered.order(400_00)
    await filed.take(filed.returned(200_00))
    assert (await filed.ordered.buckets())["restored"] == 0
    assert "read_answer" in await filed.desk()
    await filed.take(filed.returned(400_00, case=filed.case(second)))
    assert (await filed.state(first), await filed.state(second)) == ("planned", "confirmed")


# -- resolutions -------------------------------------------------------------------------------------------------------


async def test_an_accepted_release_is_done_by_as_much_as_it_says(filed: Filed) -> None:
    order_id = await filed.ordered.order(kind=OrderKind.RELEASE)
    first = filed.resolution(order_id, "ACCR", held_paise=250_00, held_on=NOW)
    await filed.take(first)
    assert await filed.ordered.buckets() == {"held": 350_00, "restored": 0, "released": 250_00}
    assert (await filed.take(first)).repeated
    await filed.take(filed.resolution(order_id, "ACCR", held_paise=350_00))
    assert await filed.state(order_id) == "confirmed"
    assert await filed.bench.discrepancies(filed.ordered.case_no) == [], "it is no statement about a hold"


async def test_a_lifted_hold_that_the_order_has_no_line_for_is_told_beside_the_file(filed: Filed) -> None:
    order_id = await filed.ordered.order(kind=OrderKind.RELEASE)
    taken = await filed.take(filed.resolution(order_id, "ACCR", held_paise=HELD_PAISE, reference=rrn()))
    assert taken.doubts == ("TxInf[1]: the order has no line about this transfer",)
    assert (await filed.ordered.buckets())["held"] == HELD_PAISE


@pytest.mark.parametrize("status", ["ACCR", "PDCR"])
async def test_an_accepted_restoration_says_only_that_the_bank_has_it(filed: Filed, status: str) -> None:
    order_id = await filed.ordered.order()
    for _ in range(2):
        await filed.take(filed.resolution(order_id, status, held_paise=HELD_PAISE if status == "ACCR" else None))
    assert await filed.state(order_id) == "delivered"
    assert (await filed.ordered.buckets())["held"] == HELD_PAISE
    assert (await filed.bench.events(filed.ordered.case_no)).count("order_acknowledged") == 1


async def test_a_rejection_refuses_the_order_with_its_reason(filed: Filed) -> None:
    order_id = await filed.ordered.order()
    taken = await filed.take(filed.resolution(order_id, "RJCR", reason="LEGL", note="attached by another court"))
    assert "refused" in taken.said
    row = await filed.bench.rows(
        "SELECT state, refusal_code, refusal_message FROM bank_order WHERE order_id = $1", order_id
    )
    ((state, code, why),) = row
    assert (state, code) == ("refused", "99")
    assert "attached by another court" in why
    assert "order_silent" in await filed.desk()


async def test_a_statement_on_an_order_that_is_over_is_told_beside_the_file(filed: Filed) -> None:
    order_id = await filed.ordered.order()
    await filed.take(filed.returned(HELD_PAISE))
    assert (await filed.take(filed.resolution(order_id, "PDCR"))).doubts == (), "a receipt opens no task"
    taken = await filed.take(filed.resolution(order_id, "RJCR", reason="AC04"))
    assert any("confirmed" in doubt for doubt in taken.doubts)


# -- taken back --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "settled"), [("ACCR", True), ("PDCR", True), ("RJCR", False)])
async def test_a_resolution_says_whether_the_bank_does_an_order_no_more(
    filed: Filed, status: str, settled: bool
) -> None:
    order_id = await filed.cancelled()
    await filed.take(filed.resolution(cancellation_id(order_id), status))
    query = "SELECT settled_at IS NOT NULL FROM order_cancellation WHERE order_id = $1"
    assert await filed.bench.value(query, order_id) == settled
    assert ("order_silent" in await filed.desk()) == (not settled)


async def test_a_late_statement_on_the_order_itself_is_none_on_its_end(filed: Filed) -> None:
    order_id = await filed.cancelled()
    await filed.take(filed.resolution(order_id, "ACCR"))
    query = "SELECT settled_at FROM order_cancellation WHERE order_id = $1"
    assert await filed.bench.value(query, order_id) is None


async def test_money_returned_under_a_cancelled_order_is_booked_and_settles_it(filed: Filed) -> None:
    order_id = await filed.cancelled()
    await filed.take(filed.returned(HELD_PAISE, case=filed.case(order_id)))
    assert (await filed.ordered.buckets())["restored"] == HELD_PAISE
    query = "SELECT settled_by FROM order_cancellation WHERE order_id = $1"
    assert await filed.bench.value(query, order_id) == "bank:HDFC"


@pytest.mark.parametrize("kind", list(OrderKind))
async def test_a_bank_that_did_what_it_had_said_it_does_no_more_is_believed_where_it_names_the_order(
    filed: Filed, kind: OrderKind
) -> None:
    order_id = await filed.cancelled(kind)
    await filed.take(filed.resolution(cancellation_id(order_id), "ACCR"))
    if kind is OrderKind.RESTORE:
        await filed.take(filed.returned(HELD_PAISE, case=filed.case(order_id)))
    else:
        await filed.take(filed.resolution(order_id, "ACCR", held_paise=HELD_PAISE))
    done = {"restored": 0, "released": 0, "held": 0} | {f"{kind.value}d": HELD_PAISE}
    assert await filed.ordered.buckets() == done
    assert await filed.bench.discrepancies(filed.ordered.case_no) == [], "it is no statement about a hold"


async def test_an_order_that_no_bank_can_know_of_yet_is_as_unknown_as_none(filed: Filed) -> None:
    """Refused with a reason, for a person, and not tried again for ever."""
    await filed.cancelled()
    waits = await filed.ordered.order()
    with pytest.raises(MessageRefused, match="names no case"):
        await filed.take(filed.resolution(waits, "PDCR"))
    assert await filed.state(waits) == "planned"


async def test_money_returned_under_no_name_is_not_of_an_order_that_the_bank_does_no_more(filed: Filed) -> None:
    order_id = await filed.cancelled()
    await filed.take(filed.resolution(cancellation_id(order_id), "ACCR"))
    await filed.take(filed.returned(HELD_PAISE))
    assert (await filed.ordered.buckets())["held"] == HELD_PAISE
    assert "read_answer" in await filed.desk()


async def test_a_credit_told_by_a_letters_page_and_by_file_is_booked_once(filed: Filed) -> None:
    order_id = await filed.ordered.order()
    line = ConfirmedLine(line_no=1, amount_paise=300_00, done_at=NOW, reference="UTR1")
    statement = OrderConfirmation(lines=(line,))
    await take_confirmation(filed.bench.ctx, "HDFC", order_id, statement, "bank:HDFC", Via.LETTER)
    await filed.take(filed.returned(300_00))
    assert (await filed.ordered.buckets())["restored"] == 300_00
    assert [kind for kind, *_ in await filed.bench.discrepancies(filed.ordered.case_no)] == ["credited_twice"]
