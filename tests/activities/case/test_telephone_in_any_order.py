"""By telephone and over a channel, in any order and again: each rupee is placed once, and no hold is undone."""

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from activities.context import Context
from db.pool import open_pool
from domain.errors import RuleBroken
from tests.activities.bench import Bench
from tests.activities.case import telephone
from tests.activities.case.test_case_machine import loop
from tests.activities.told import a_case
from tests.deep import database_settings
from tests.factories import make_context, moved, row, rrn

__all__ = ["loop"]

T = TypeVar("T")
EXAMPLES: Final = 12
KINDS: Final = ("held", "withdrawn", "spent", "moved")
RUPEES: Final = 10_000

sums = st.lists(st.integers(0, 4), min_size=4, max_size=4).map(lambda parts: [part * 600 for part in parts])
"""rupees of each kind: at most ₹9,600, and a transfer of ₹600 is traced"""
ways = st.tuples(st.booleans(), st.sets(st.sampled_from(KINDS), min_size=1))
steps = st.lists(ways, min_size=2, max_size=8)
lies = st.lists(st.sampled_from(KINDS), max_size=3)


class Truth:
    """One hop at HDFC whose money is in four places, which the bank tells by telephone and over its channel."""

    def __init__(self, bench: Bench, rupees: Sequence[int]) -> None:
        self.bench = bench
        self.rupees = dict(zip(KINDS, rupees, strict=True))
        self.onward, self.card, self.atm = rrn(), rrn(), rrn()
        self.case_no = self.root = ""

    async def begin(self) -> None:
        self.case_no, self.root = await a_case(self.bench, RUPEES * 100)
        await self.bench.ask(self.case_no)

    def over_channel(self, kind: str) -> dict[str, Any]:
        told = f"{self.rupees[kind]}.00"
        match kind:
            case "held":
                return row(1, self.root, told)
            case "withdrawn":
                return row(5, self.root, told, rrn_transaction_id=self.atm)
            case "spent":
                return row(11, self.root, told, rrn_transaction_id=self.card)
        return moved(self.root, told, "ICIC", "1234567890", rrn_transaction_id=self.onward)

    def by_telephone(self, kind: str, rupees: int) -> dict[str, Any]:
        match kind:
            case "held":
                return telephone.held(rupees)
            case "withdrawn":
                return telephone.withdrawn(rupees, reference=self.atm)
            case "spent":
                return telephone.spent(rupees, reference=self.card)
        return telephone.moved_on(rupees, self.onward)

    async def tell(self, kinds: set[str], *, on_telephone: bool) -> None:
        told = [kind for kind in KINDS if kind in kinds and self.rupees[kind]]
        if not told:
            return
        if on_telephone:
            lines = [self.by_telephone(kind, self.rupees[kind]) for kind in told]
            await telephone.said(self.bench, self.case_no, *lines)
        else:
            await self.bench.answer("HDFC", self.case_no, *map(self.over_channel, told), job_id=None)

    async def lie(self, kind: str) -> None:
        """Say by telephone that all of the money is in one place."""
        with contextlib.suppress(RuleBroken):
            await telephone.said(self.bench, self.case_no, self.by_telephone(kind, RUPEES))

    async def held_paise(self) -> int:
        return (await self.bench.buckets(self.case_no)).get("held", 0)


async def told_truly(ctx: Context, rupees: Sequence[int], told: Sequence[tuple[bool, set[str]]]) -> None:
    truth = Truth(Bench(ctx), rupees)
    await truth.begin()
    for on_telephone, kinds in told:
        await truth.tell(kinds, on_telephone=on_telephone)
        await truth.bench.check(truth.case_no)
    await truth.tell(set(KINDS), on_telephone=True)
    await truth.tell(set(KINDS), on_telephone=False)
    await truth.bench.check(truth.case_no)
    expected = {kind: paise * 100 for kind, paise in truth.rupees.items() if paise}
    left = RUPEES * 100 - sum(expected.values()) + expected.pop("moved", 0)
    assert await truth.bench.buckets(truth.case_no) == {"lost": -RUPEES * 100, "in_play": left} | expected
    assert await truth.bench.discrepancies(truth.case_no) == []
    unconfirmed = "SELECT kind FROM telephone_booking WHERE case_no = $1 AND confirmed_paise < booked_paise"
    assert await truth.bench.rows(unconfirmed, truth.case_no) == [], "the channel has stated all of it"


async def told_falsely(
    ctx: Context, rupees: Sequence[int], told: Sequence[tuple[bool, set[str]]], lies: Sequence[str]
) -> None:
    truth = Truth(Bench(ctx), rupees)
    await truth.begin()
    for place, (on_telephone, kinds) in enumerate(told):
        before = await truth.held_paise()
        await truth.tell(kinds, on_telephone=on_telephone)
        if place < len(lies):
            await truth.lie(lies[place])
        assert await truth.held_paise() >= before, "no answer takes money out of a hold"
        await truth.bench.check(truth.case_no)


def test_told_both_ways_in_any_order_each_rupee_counts_once(loop: asyncio.AbstractEventLoop, database_dsn: str) -> None:
    def run(step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=300)

    pool = run(open_pool(database_dsn, min_size=1, max_size=10, only_single_cases=True))
    ctx = run(make_context(pool))

    @database_settings(EXAMPLES, steps=1)
    @given(rupees=sums, told=steps, lies=lies)
    def in_any_order(rupees: list[int], told: list[tuple[bool, set[str]]], lies: list[str]) -> None:
        run(told_truly(ctx, rupees, told))
        run(told_falsely(ctx, rupees, told, lies))

    try:
        in_any_order()
    finally:
        run(pool.close())
