"""Orders to banks and what banks say they have done: the ledger moves once, and never further than the order."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from activities.banks import received
from activities.case.transaction import case_transaction
from activities.recovery import hold_lifecycle
from activities.recovery.confirmations import NotItsLine, record_statement, take_confirmation
from activities.recovery.orders import cancel_order, plan_order
from db.recovery import bank_orders
from domain.errors import NotFound, NotNow
from schemas.banks.keys import About, Exchange
from schemas.enums import ChannelKind
from schemas.recovery.orders import (
    Beneficiary,
    ConfirmationTaken,
    ConfirmedLine,
    NewOrder,
    NewOrderLine,
    OrderConfirmation,
)
from schemas.restoration_enums import OrderKind, OrderReason, OrderState
from tests.activities.bench import Bench
from tests.activities.recovery.test_hold_opening import held_case
from tests.activities.release_bench import was_confirmed
from tests.desk_tasks import bank_notes
from tests.factories import rrn

ACCOUNT = "000123456789"
VICTIM = Beneficiary(institution="SBIN", holder=ACCOUNT, ifsc="SBIN0000001")
HELD_PAISE = 600_00


class Ordered:
    """A case with ₹600 on hold at one account of HDFC, and orders about it."""

    def __init__(self, bench: Bench, case_no: str, hold_id: UUID) -> None:
        self.bench, self.case_no, self.hold_id = bench, case_no, hold_id

    async def order(
        self,
        paise: int = HELD_PAISE,
        kind: OrderKind = OrderKind.RESTORE,
        lets_go: OrderReason = OrderReason.LAPSED,
        grievance_id: UUID | None = None,
    ) -> UUID:
        """`lets_go`: the reason of an order to release."""
        restores = kind is OrderKind.RESTORE
        line = NewOrderLine(
            hop_no=1,
            hold_id=self.hold_id,
            amount_paise=paise,
            ack_no=self.case_no if restores else None,
            beneficiary=VICTIM if restores else None,
        )
        restoration_id = await self.bench.value(
            "SELECT restoration_id FROM restoration WHERE case_no = $1", self.case_no
        )
        order = NewOrder(
            kind=kind,
            reason=OrderReason.RESTORATION if restores else lets_go,
            case_no=self.case_no,
            institution="HDFC",
            ordered_by="officer:sp",
            lines=(line,),
            restoration_id=restoration_id if restores else None,
            grievance_id=grievance_id,
        )
        if lets_go in {OrderReason.GRIEVANCE, OrderReason.SMALL_HOLD, OrderReason.OBJECTION}:
            await was_confirmed(self.bench.pool, self.case_no, self.hold_id, paise, grievance_id)
        async with case_transaction(self.bench.ctx, self.case_no, order.ordered_by) as work:
            return await plan_order(work, order)

    async def confirm(
        self,
        order_id: UUID,
        paise: int = HELD_PAISE,
        reference: str = "UTR1",
        account: str = "",
        days: int = 0,
        bank: str = "HDFC",
    ) -> ConfirmationTaken:
        line = ConfirmedLine(
            line_no=1,
            amount_paise=paise,
            done_at=datetime.now(UTC) + timedelta(days=days),
            reference=reference,
            credited_account=account,
        )
        taken = await take_confirmation(
            self.bench.ctx, bank, order_id, OrderConfirmation(lines=(line,)), f"bank:{bank}"
        )
        await self.bench.check(self.case_no)
        return taken

    async def buckets(self) -> dict[str, int]:
        found = await self.bench.buckets(self.case_no)
        return {bucket: found.get(bucket, 0) for bucket in ("held", "restored", "released")}


@pytest.fixture
async def ordered(bench: Bench) -> Ordered:
    case_no = await held_case(bench, f"1{rrn()}")
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    hold_id = await bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    return Ordered(bench, case_no, hold_id)


async def test_a_credit_moves_held_to_restored_and_ends_order_and_hold(ordered: Ordered) -> None:
    order_id = await ordered.order()
    assert await ordered.buckets() == {"held": HELD_PAISE, "restored": 0, "released": 0}, "an order moves nothing"
    taken = await ordered.confirm(order_id)
    assert (taken.state, taken.applied) == (OrderState.CONFIRMED, 1)
    assert await ordered.buckets() == {"held": 0, "restored": HELD_PAISE, "released": 0}
    assert await ordered.bench.value("SELECT state FROM account_hold WHERE hold_id = $1", ordered.hold_id) == "ended"
    log = await ordered.bench.events(ordered.case_no)
    assert [kind for kind in log if kind.startswith(("order", "hold"))] == [
        "hold_began",
        "order_planned",
        "order_confirmed",
        "hold_ended",
    ]


async def test_a_release_goes_to_released(ordered: Ordered) -> None:
    await ordered.confirm(await ordered.order(kind=OrderKind.RELEASE))
    assert await ordered.buckets() == {"held": 0, "restored": 0, "released": HELD_PAISE}


async def test_in_parts_late_and_said_again(ordered: Ordered) -> None:
    order_id = await ordered.order()
    first = await ordered.confirm(order_id, 200_00, "UTR1")
    again = await ordered.confirm(order_id, 200_00, "UTR1")
    assert (first.applied, again.applied, again.duplicates) == (1, 0, 1)
    assert await ordered.buckets() == {"held": 400_00, "restored": 200_00, "released": 0}
    last = await ordered.confirm(order_id, 400_00, "UTR2", days=40)
    assert last.state is OrderState.CONFIRMED
    flags = await ordered.bench.rows(
        "SELECT flags FROM bank_confirmation WHERE order_id = $1 ORDER BY confirmation_id", order_id
    )
    assert flags == [(["partial"],), ([],), (["late"],)]


@pytest.mark.parametrize(
    ("paise", "account", "kind", "restored_paise"),
    [
        (700_00, "", "credited_above_order", HELD_PAISE),
        (HELD_PAISE, "4444", "credited_elsewhere", 0),
    ],
)
async def test_what_the_order_does_not_say_is_a_discrepancy_and_moves_no_more_than_it_says(
    ordered: Ordered, paise: int, account: str, kind: str, restored_paise: int
) -> None:
    order_id = await ordered.order()
    taken = await ordered.confirm(order_id, paise, "UTR1", account=account)
    assert taken.contradictions == 1
    assert (await ordered.buckets())["restored"] == restored_paise
    assert [found[0] for found in await ordered.bench.discrepancies(ordered.case_no)] == [kind]
    (facts,) = await ordered.bench.rows(
        "SELECT facts FROM desk_task WHERE case_no = $1 AND cause = 'discrepancy'", ordered.case_no
    )
    assert facts == (
        {
            "discrepancy": kind,
            "institution": "HDFC",
            "claimed_paise": paise,
            "against_paise": restored_paise,
            "order_id": str(order_id),
            "reference": "UTR1",
        },
    )


async def test_a_second_credit_of_what_was_credited_is_a_discrepancy(ordered: Ordered) -> None:
    order_id = await ordered.order()
    await ordered.confirm(order_id, reference="UTR1")
    assert (await ordered.confirm(order_id, reference="UTR2")).contradictions == 1
    assert (await ordered.buckets())["restored"] == HELD_PAISE
    assert [found[0] for found in await ordered.bench.discrepancies(ordered.case_no)] == ["credited_twice"]


async def test_another_amount_of_a_booked_credit_is_one_discrepancy_with_both_figures(ordered: Ordered) -> None:
    order_id = await ordered.order()
    await ordered.confirm(order_id, 200_00, "UTR1")
    for _ in range(2):
        await ordered.confirm(order_id, 300_00, "utr1")
    assert await ordered.bench.rows(
        "SELECT kind, claimed_paise, applied_paise FROM discrepancy WHERE case_no = $1", ordered.case_no
    ) == [("credited_other_amount", 300_00, 200_00)]
    assert await ordered.buckets() == {"held": 400_00, "restored": 200_00, "released": 0}
    assert ("resolve_discrepancy", 1) in await ordered.bench.tasks(ordered.case_no)


async def test_two_officers_decide_on_another_amount(ordered: Ordered) -> None:
    order_id = await ordered.order()
    await ordered.confirm(order_id, 200_00, "UTR1")
    line = ConfirmedLine(line_no=1, amount_paise=300_00, done_at=datetime.now(UTC), reference="UTR1")
    statement = OrderConfirmation(lines=(line,))

    async def written_down() -> int:
        """By an officer, and by a supervisor who is another."""
        ctx = ordered.bench.ctx
        await record_statement(ctx, order_id, statement, "by telephone", "officer:desk", supervises=False)
        taken = await record_statement(ctx, order_id, statement, "by telephone", "officer:chief", supervises=True)
        await ordered.bench.check(ordered.case_no)
        return taken.applied

    assert await written_down() == 0, "told by hand it is a doubt like any other"
    assert (await ordered.buckets())["restored"] == 200_00
    assert await written_down() == 1
    assert (await ordered.buckets())["restored"] == 300_00
    assert await written_down() == 0
    assert [kind for kind, *_ in await ordered.bench.discrepancies(ordered.case_no)] == ["credited_other_amount"]


async def test_no_rupee_is_ordered_twice(ordered: Ordered) -> None:
    await ordered.order(400_00)
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await ordered.order(300_00)
    assert error.value.constraint_name == "bank_order_line_covered"
    await ordered.order(200_00)


async def test_two_orders_at_once_do_not_order_a_rupee_twice(ordered: Ordered) -> None:
    results = await asyncio.gather(*(ordered.order(400_00) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(result, UUID) for result in results) == 1


async def test_exchanges_about_an_order_do_not_lock_the_order(ordered: Ordered) -> None:
    """A bank may confirm while its delivery is written: that waits for the case, this has it and needs the order."""
    order_id, body = await ordered.order(), b"an order"
    passed = Exchange(
        channel=ChannelKind.PUSH,
        at=datetime.now(UTC),
        head="POST https://bank.example/orders\n",
        body=body,
        size_bytes=len(body),
        digest=hashlib.sha256(body).digest(),
    )
    pool = ordered.bench.pool
    async with pool.acquire() as writing, writing.transaction(), pool.acquire() as confirming, confirming.transaction():
        await received.keep(ordered.bench.ctx, writing, About.ORDER, order_id, [passed])
        await confirming.execute("SET LOCAL lock_timeout = '2s'")
        assert (await bank_orders.get(confirming, order_id)).order_id == order_id


async def test_one_statement_that_comes_many_times_at_once_is_booked_once(ordered: Ordered) -> None:
    order_id = await ordered.order()
    moment = datetime.now(UTC)
    line = ConfirmedLine(line_no=1, amount_paise=HELD_PAISE, done_at=moment, reference="UTR1")
    statement = OrderConfirmation(lines=(line,))
    taken = await asyncio.gather(
        *(take_confirmation(ordered.bench.ctx, "HDFC", order_id, statement, "bank:HDFC") for _ in range(6))
    )
    assert sum(one.applied for one in taken) == 1
    assert sum(one.duplicates for one in taken) == 5
    await ordered.bench.check(ordered.case_no)


async def test_what_is_cancelled_can_be_ordered_again_and_a_bank_that_did_it_all_the_same_is_believed(
    ordered: Ordered,
) -> None:
    order_id = await ordered.order()
    await cancel_order(ordered.bench.ctx, order_id, "the victim asked", "officer:sp")
    with pytest.raises(NotNow):
        await cancel_order(ordered.bench.ctx, order_id, "again", "officer:sp")
    assert (await ordered.confirm(order_id)).applied == 1
    assert (await ordered.buckets())["restored"] == HELD_PAISE


async def test_another_banks_order_and_a_line_that_is_none(ordered: Ordered) -> None:
    order_id = await ordered.order()
    with pytest.raises(NotFound):
        await ordered.confirm(order_id, bank="ICIC")
    line = ConfirmedLine(line_no=2, amount_paise=1, done_at=datetime.now(UTC))
    with pytest.raises(NotItsLine) as error:
        await take_confirmation(ordered.bench.ctx, "HDFC", order_id, OrderConfirmation(lines=(line,)), "bank:HDFC")
    assert (error.value.index, error.value.line_no) == (0, 2)


async def test_a_credit_that_the_desk_wrote_down_is_known_again_when_the_banks_own_statement_comes(
    ordered: Ordered,
) -> None:
    order_id, ctx = await ordered.order(), ordered.bench.ctx
    line = ConfirmedLine(line_no=1, amount_paise=300_00, done_at=datetime.now(UTC))
    statement, note = OrderConfirmation(lines=(line,)), "S. Rao by telephone"
    first = await record_statement(ctx, order_id, statement, note, "officer:desk", supervises=False)
    assert (first.waits_for_second, (await ordered.buckets())["restored"]) == (True, 0)
    second = await record_statement(ctx, order_id, statement, note, "officer:boss", supervises=True)
    assert (second.waits_for_second, second.applied) == (False, 1)
    own = await ordered.confirm(order_id, 300_00, "UTR1")
    assert (own.applied, own.duplicates) == (0, 1)
    assert (await ordered.buckets())["restored"] == 300_00
    last = await ordered.confirm(order_id, 300_00, "UTR2")
    assert last.state is OrderState.CONFIRMED, "the second instalment is one of its own"


async def test_a_statement_by_telephone_waits_as_a_task_of_its_own_until_a_second_officer_has_said_the_same(
    ordered: Ordered,
) -> None:
    order_id, ctx = await ordered.order(), ordered.bench.ctx
    statement = OrderConfirmation(lines=(ConfirmedLine(line_no=1, amount_paise=300_00, done_at=datetime.now(UTC)),))

    async def waiting() -> list[tuple[str | None, str]]:
        about = "case_no = $1 AND kind = 'supervise' AND state = 'open'"
        return await bank_notes(ordered.bench.pool, about, ordered.case_no)

    for _ in range(2):
        await record_statement(ctx, order_id, statement, "S. Rao by telephone", "officer:desk", supervises=False)
    note = f"second officer for order {order_id}: what the bank said is written down"
    assert await waiting() == [("HDFC", note)]
    await record_statement(ctx, order_id, statement, "S. Rao by telephone", "officer:boss", supervises=True)
    assert await waiting() == [], "though half of the order is still to be done"


async def test_an_officer_who_enters_the_same_again_is_no_second_officer(ordered: Ordered) -> None:
    order_id, ctx = await ordered.order(), ordered.bench.ctx
    statement = OrderConfirmation(lines=(ConfirmedLine(line_no=1, amount_paise=300_00, done_at=datetime.now(UTC)),))
    for by in ("officer:boss", "officer:boss", "officer:BOSS"):
        taken = await record_statement(ctx, order_id, statement, "S. Rao by telephone", by, supervises=True)
        assert (taken.waits_for_second, taken.applied) == (True, 0)


async def test_the_second_officer_is_asked_no_more_once_the_bank_has_done_the_order(ordered: Ordered) -> None:
    order_id, ctx = await ordered.order(), ordered.bench.ctx
    statement = OrderConfirmation(lines=(ConfirmedLine(line_no=1, amount_paise=HELD_PAISE, done_at=datetime.now(UTC)),))
    await record_statement(ctx, order_id, statement, "S. Rao by telephone", "officer:desk", supervises=False)
    assert ("supervise", None) in await ordered.bench.tasks(ordered.case_no)
    await ordered.confirm(order_id)
    assert ("supervise", None) not in await ordered.bench.tasks(ordered.case_no)


async def test_one_officer_alone_takes_nothing_out_of_held_whatever_the_code_believes(ordered: Ordered) -> None:
    order_id = await ordered.order()
    for proposed_by in (None, "officer:desk"):
        with pytest.raises(asyncpg.CheckViolationError) as error:
            await ordered.bench.pool.execute(
                "INSERT INTO bank_confirmation (order_id, line_no, natural_key, amount_paise, applied_paise,"
                " disposition, received_at, source, via, proposed_by)"
                " VALUES ($1, 1, 'k', 1, 1, 'applied', now(), 'officer:desk', 'officer', $2)",
                order_id,
                proposed_by,
            )
        assert error.value.constraint_name == "bank_confirmation_four_eyes"


async def test_a_mistyped_account_is_put_right_under_the_same_utr(ordered: Ordered) -> None:
    order_id = await ordered.order()
    assert (await ordered.confirm(order_id, account="4444")).contradictions == 1
    right = await ordered.confirm(order_id, account=ACCOUNT)
    assert (right.applied, right.state) == (1, OrderState.CONFIRMED)
    assert (await ordered.buckets())["restored"] == HELD_PAISE


@pytest.mark.parametrize(("bank", "applied"), [("ICIC", 0), ("State Bank of India", 1), ("SBIN", 1), ("no bank", 1)])
async def test_another_bank_with_the_same_account_number_is_elsewhere(
    ordered: Ordered, bank: str, applied: int
) -> None:
    line = ConfirmedLine(
        line_no=1,
        amount_paise=HELD_PAISE,
        done_at=datetime.now(UTC),
        reference="UTR1",
        credited_account=ACCOUNT,
        credited_institution=bank,
    )
    statement = OrderConfirmation(lines=(line,))
    taken = await take_confirmation(ordered.bench.ctx, "HDFC", await ordered.order(), statement, "bank:HDFC")
    assert (taken.applied, taken.contradictions) == (applied, 1 - applied)
