"""Orders about one case, in any order, with anything that banks and officers may say: no rupee moves twice."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from activities.case.transaction import case_transaction
from activities.context import Context
from activities.recovery import bank_replies, hold_lifecycle
from activities.recovery.confirmations import take_confirmation
from activities.recovery.orders import cancel_order, plan_order
from db.pool import open_pool
from db.recovery import cancellations
from domain.errors import NotFound, NotNow
from schemas.recovery.orders import Beneficiary, ConfirmedLine, NewOrder, NewOrderLine, OrderConfirmation, OrderRefusal
from schemas.restoration_enums import OrderKind, OrderReason
from tests.activities.bench import Bench
from tests.activities.case.test_case_machine import loop
from tests.activities.recovery.test_hold_opening import held_case
from tests.deep import Paced, database_settings
from tests.factories import make_context, rrn

__all__ = ["loop"]

T = TypeVar("T")
HELD_PAISE = 600_00
VICTIM = Beneficiary(institution="SBIN", holder="000123456789")
HOPS = (1, 2)
SUMS = st.sampled_from([1, 100_00, 200_00, 599_99, HELD_PAISE, HELD_PAISE + 1])


class OrdersMachine(RuleBasedStateMachine):
    """What may happen to orders about two accounts with ₹600 on hold each."""

    ctx: Context
    run_in_loop: Callable[[Coroutine[Any, Any, Any]], Any]

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(self.ctx)
        self.orders: list[UUID] = []
        self.paced = Paced()
        self.statements: list[tuple[UUID, OrderConfirmation]] = []

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Run one step to its end."""
        done: T = self.run_in_loop(step)
        return done

    @initialize()
    def hold(self) -> None:
        self.case_no = self.run(held_case(self.bench, f"1{rrn()}", f"2{rrn()}"))
        self.run(hold_lifecycle.open_for_new_holds(self.ctx, self.case_no))
        self.holds: dict[int, UUID] = dict(
            self.run(
                self.bench.rows("SELECT l.hop_no, l.hold_id FROM restoration_line l WHERE l.case_no = $1", self.case_no)
            )
        )
        self.restoration_id = self.run(
            self.bench.value("SELECT restoration_id FROM restoration WHERE case_no = $1", self.case_no)
        )

    # -- ours ------------------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(OrderKind), amounts=st.dictionaries(st.sampled_from(HOPS), SUMS, min_size=1))
    def plan(self, kind: OrderKind, amounts: dict[int, int]) -> None:
        restores = kind is OrderKind.RESTORE
        order = NewOrder(
            kind=kind,
            reason=OrderReason.RESTORATION if restores else OrderReason.LAPSED,
            case_no=self.case_no,
            institution="HDFC",
            ordered_by="officer:sp",
            restoration_id=self.restoration_id if restores else None,
            lines=tuple(
                NewOrderLine(
                    hop_no=hop_no,
                    hold_id=self.holds[hop_no],
                    amount_paise=paise,
                    ack_no=self.case_no if restores else None,
                    beneficiary=VICTIM if restores else None,
                )
                for hop_no, paise in amounts.items()
            ),
        )

        async def written() -> UUID:
            async with case_transaction(self.ctx, self.case_no, order.ordered_by) as work:
                return await plan_order(work, order)

        free = {hop_no: self._held(hop_no) - self._asked(hop_no) for hop_no in amounts}
        fits = all(paise <= free[hop_no] for hop_no, paise in amounts.items())
        if fits:
            self.orders.append(self.run(written()))
            return
        with pytest.raises(asyncpg.CheckViolationError) as error:
            self.run(written())
        assert error.value.constraint_name == "bank_order_line_covered"

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), verb=st.sampled_from(["cancel", "send again", "acknowledge", "refuse"]))
    def something_else(self, data: st.DataObject, verb: str) -> None:
        order_id = data.draw(st.sampled_from(self.orders))
        refusal = OrderRefusal(code="NO", reason="not now")
        steps: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "cancel": lambda: cancel_order(self.ctx, order_id, "not wanted", "officer:sp"),
            "send again": lambda: bank_replies.send_again(self.ctx, order_id, "mended", "officer:desk"),
            "acknowledge": lambda: bank_replies.acknowledge(self.ctx, "HDFC", order_id),
            "refuse": lambda: bank_replies.refuse(self.ctx, "HDFC", order_id, refusal, "bank:HDFC"),
        }
        before = self._buckets()
        try:
            self.run(steps[verb]())
        except NotNow:
            assert self._state(order_id) in {"confirmed", "cancelled"}
        except NotFound:
            assert verb == "acknowledge"
            assert self._waits(order_id), "only an order that no bank can know of is as unknown as none"
        assert self._buckets() == before, "only a statement of the bank moves money"

    # -- the bank's ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.orders)
    @rule(
        data=st.data(),
        said=st.lists(
            st.tuples(SUMS, st.sampled_from(["", "UTR1", "utr1", "UTR2"]), st.sampled_from(["", "000123456789", "9"])),
            min_size=1,
            max_size=3,
        ),
    )
    def confirm(self, data: st.DataObject, said: list[tuple[int, str, str]]) -> None:
        order_id = data.draw(st.sampled_from(self.orders))
        count = self.run(self.bench.value("SELECT count(*) FROM bank_order_line WHERE order_id = $1", order_id))
        lines = tuple(
            ConfirmedLine(
                line_no=data.draw(st.integers(1, count)),
                amount_paise=paise,
                done_at=datetime(2026, 11, 25, tzinfo=UTC),
                reference=reference,
                credited_account=account,
            )
            for paise, reference, account in said
        )
        statement = OrderConfirmation(lines=lines)
        self.statements.append((order_id, statement))
        self._take(order_id, statement)

    @precondition(lambda self: self.statements)
    @rule(data=st.data(), times=st.integers(1, 4))
    def confirm_again_at_once(self, data: st.DataObject, times: int) -> None:
        order_id, statement = data.draw(st.sampled_from(self.statements))
        before = self._buckets()

        async def together() -> list[Any]:
            return await asyncio.gather(
                *(take_confirmation(self.ctx, "HDFC", order_id, statement, "bank:HDFC") for _ in range(times))
            )

        taken = self.run(together())
        assert sum(one.applied + one.contradictions for one in taken) == 0
        assert self._buckets() == before

    def _take(self, order_id: UUID, statement: OrderConfirmation) -> None:
        before, paise = self._buckets(), sum(line.amount_paise for line in statement.lines)
        taken = self.run(take_confirmation(self.ctx, "HDFC", order_id, statement, "bank:HDFC"))
        assert taken.applied + taken.duplicates + taken.contradictions == len(statement.lines)
        moved = before["held"] - self._buckets()["held"]
        assert 0 <= moved <= paise

    # -- what always holds -----------------------------------------------------------------------------------------

    @invariant()
    def the_case_is_whole(self) -> None:
        if hasattr(self, "case_no") and self.paced.is_time():
            self.run(self.bench.check(self.case_no))

    def teardown(self) -> None:
        """Look once more at the end, whatever the last steps were."""
        if hasattr(self, "case_no"):
            self.run(self.bench.check(self.case_no))

    @invariant()
    def every_rupee_is_in_one_place_and_came_there_by_an_order(self) -> None:
        if not hasattr(self, "case_no"):
            return
        for hop_no in HOPS:
            buckets = self._buckets(hop_no)
            assert buckets["held"] + buckets["restored"] + buckets["released"] == HELD_PAISE
            for kind, bucket in ((OrderKind.RESTORE, "restored"), (OrderKind.RELEASE, "released")):
                confirmed = self._sum(
                    "SELECT sum(confirmed_paise) FROM bank_order_line JOIN bank_order USING (order_id)"
                    " WHERE bank_order_line.case_no = $1 AND hop_no = $2 AND kind = $3",
                    hop_no,
                    kind.value,
                )
                assert confirmed == buckets[bucket]
        applied = "SELECT sum(applied_paise) FROM bank_confirmation JOIN bank_order USING (order_id) WHERE case_no = $1"
        assert self._sum(applied) == self._buckets()["restored"] + self._buckets()["released"]

    @invariant()
    def an_order_is_over_exactly_when_all_of_it_is_done_or_it_was_taken_back(self) -> None:
        if hasattr(self, "case_no"):
            rows = self.run(
                self.bench.rows(
                    "SELECT o.state, bool_and(l.amount_paise = l.confirmed_paise) FROM bank_order o"
                    " JOIN bank_order_line l USING (order_id) WHERE o.case_no = $1 GROUP BY o.order_id",
                    self.case_no,
                )
            )
            assert all((state == "confirmed") == whole or state == "cancelled" for state, whole in rows)

    # -- looking ---------------------------------------------------------------------------------------------------

    def _buckets(self, hop_no: int | None = None) -> Counter[str]:
        rows = self.run(
            self.bench.rows(
                "SELECT bucket, sum(balance_paise)::bigint FROM ledger_balance"
                " WHERE case_no = $1 AND ($2::integer IS NULL OR hop_no = $2) GROUP BY bucket",
                self.case_no,
                hop_no,
            )
        )
        return Counter(dict(rows))

    def _held(self, hop_no: int) -> int:
        return self._buckets(hop_no)["held"]

    def _asked(self, hop_no: int) -> int:
        return self._sum(
            "SELECT sum(amount_paise - confirmed_paise) FROM bank_order_line JOIN bank_order USING (order_id)"
            " WHERE bank_order_line.case_no = $1 AND hop_no = $2 AND state IN ('planned', 'delivered', 'refused')",
            hop_no,
        )

    def _sum(self, query: str, *values: object) -> int:
        return int(self.run(self.bench.value(query, self.case_no, *values)) or 0)

    def _waits(self, order_id: UUID) -> bool:
        async def looked_up() -> bool:
            async with self.ctx.pool.acquire() as connection:
                return await cancellations.has_to_wait(connection, order_id)

        return self.run(looked_up())

    def _state(self, order_id: UUID) -> str:
        found: str = self.run(self.bench.value("SELECT state FROM bank_order WHERE order_id = $1", order_id))
        return found


def test_orders_in_any_order(loop: asyncio.AbstractEventLoop, database_dsn: str) -> None:
    def run_in_loop(step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=60)

    pool = run_in_loop(open_pool(database_dsn, min_size=1, max_size=10, only_single_cases=True))
    machine = type(
        "Machine",
        (OrdersMachine,),
        {"ctx": run_in_loop(make_context(pool)), "run_in_loop": staticmethod(run_in_loop)},
    )
    try:
        run_state_machine_as_test(
            machine,
            settings=database_settings(5, steps=20),
        )
    finally:
        run_in_loop(pool.close())
