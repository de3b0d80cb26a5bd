"""Merges, answers, restorations and undos in any order: no rupee counts twice, and an undo gives each case its own."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from activities.context import Context
from activities.recovery import case_merges, withdrawals
from db.pool import open_pool
from domain.errors import RuleBroken
from schemas.case.case_workflow import FollowUp
from schemas.recovery.case_merges import MergeState, NewMerge, SameTransfer
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from tests.activities.restoration_bench import Home
from tests.deep import Paced, database_settings
from tests.factories import make_context, moved, row, rrn, transfer

GATE: Final = 5
CLERK, CHIEF = "officer:clerk", "officer:chief"
WHY: Final = "one victim called twice"

cases = st.integers(0, 2)
pairs = st.sampled_from([(0, 1), (0, 1), (1, 0), (0, 2), (2, 0), (1, 2)])
merges = st.tuples(st.just("merge"), pairs, st.sampled_from([True, True, False]), st.sampled_from([True, True, False]))
undos = st.tuples(st.just("undo"), st.integers(0, 5), st.booleans())
answers = st.tuples(
    st.just("answer"), cases, st.integers(0, 3), st.sampled_from(["held", "gone", "moved", "onward", "denied"]),
    st.integers(1, 12),
)  # fmt: skip
asks = st.tuples(st.just("ask"), cases)
joins = st.tuples(st.just("join"), st.integers(0, 3))
restorations = st.tuples(st.just("restore"), cases, st.booleans())
withdrawn = st.tuples(st.just("withdraw"), cases)
steps = st.lists(
    st.one_of(merges, merges, undos, answers, answers, answers, answers, asks, joins, restorations, withdrawn),
    min_size=8,
    max_size=18,
)


class MergedCases:
    """Three cases: two tell one transfer with two references, and the third one tells a transfer onward."""

    def __init__(self, ctx: Context) -> None:
        self.home = Home(ctx)
        self.bench = self.home.bench
        self.account, self.onward_account = f"5{rrn()}", f"6{rrn()}"
        self.references = [rrn() for _ in range(4)]
        self.cases: list[str] = []
        self.paced = Paced()

    async def live(self, happens: Sequence[tuple[Any, ...]]) -> None:
        here = {"institution": "HDFC", "account": self.account}
        onward = {"institution": "ICIC", "account": self.onward_account}
        for reference, payee in zip(self.references[:3], (here, here, onward), strict=True):
            self.cases.append(await self.bench.complain(transfer(1000_00, reference=reference, payee=payee)))
        for what, *details in happens:
            with contextlib.suppress(RuleBroken):
                await getattr(self, what)(*details)
            if self.paced.is_time():
                await self.check()
        await self.check()
        await self.undo_all()
        await self.check()

    async def note(self, follow_ups: Sequence[FollowUp]) -> None:
        for follow_up in follow_ups:
            await self.bench.note(follow_up)

    # -- officers --------------------------------------------------------------------------------------------------

    async def merge(self, pair: tuple[int, int], same: bool, agreed: bool) -> None:
        one, other = pair
        named = (SameTransfer(hop_no=1, other_hop_no=1),) if same and 2 not in pair else ()
        new = NewMerge(other_ack_no=self.cases[other], same_transfers=named, reason=WHY)
        before = await self.together()
        done, told = await case_merges.merge(self.bench.ctx, self.cases[one], new, CLERK)
        await self.note(told)
        if done.state is MergeState.PROPOSED:
            assert await self.together() == before
            decide = case_merges.agree if agreed else case_merges.reject
            done, told = await decide(self.bench.ctx, self.cases[one], done.merge_id, WHY, CHIEF)
            await self.note(told)

    async def undo(self, which: int, agreed: bool) -> None:
        if in_force := await self.in_force():
            case_no, merge_id = in_force[which % len(in_force)]
            await case_merges.propose_undo(self.bench.ctx, case_no, merge_id, WHY, CLERK)
            decide = case_merges.agree_to_undo if agreed else case_merges.reject_undo
            _, told = await decide(self.bench.ctx, case_no, merge_id, WHY, CHIEF)
            await self.note(told)

    async def undo_all(self) -> None:
        for _ in await self.in_force():
            await self.undo(0, agreed=True)

    async def in_force(self) -> list[tuple[str, int]]:
        return await self.bench.rows(
            "SELECT merged_case_no, merge_id FROM case_merge WHERE merged_case_no = ANY($1) AND decision = 'agreed'"
            " AND undone_at IS NULL ORDER BY merge_id",
            self.cases,
        )

    async def restore(self, case: int, whole: bool) -> None:
        case_no = self.cases[case]
        await self.home.open_for_new_holds(case_no)
        if await self.bench.value("SELECT count(*) FROM restoration WHERE ack_no = $1 AND state = 'open'", case_no):
            restoration_id = await self.bench.value(
                "SELECT restoration_id FROM restoration WHERE ack_no = $1 AND state = 'open'", case_no
            )
            await self.home.to_approval(restoration_id)
            if whole:
                await self.home.tick(restoration_id)
                await self.home.prepare(restoration_id)
                await self.home.approve(restoration_id)
                await self.home.confirm(restoration_id)

    async def withdraw(self, case: int) -> None:
        new = NewWithdrawal(kind=WithdrawalKind.MISTAKEN, hop_no=1, reason="no fraud")
        case_no = self.cases[case]
        told = await withdrawals.propose(self.bench.ctx, case_no, new, CLERK)
        _, follow_up = await withdrawals.agree(self.bench.ctx, case_no, told.withdrawal_id, WHY, CHIEF)
        await self.bench.note(follow_up)

    # -- banks and victims -----------------------------------------------------------------------------------------

    async def answer(self, case: int, which: int, kind: str, hundreds: int) -> None:
        case_no = self.cases[case]
        hops = await self.bench.rows(
            "SELECT institution, reference FROM hop WHERE case_no = $1 AND institution IS NOT NULL ORDER BY hop_no",
            case_no,
        )
        bank, root = hops[which % len(hops)]
        rupees, account = f"{hundreds * 100}.00", self.onward_account
        lines = {
            "held": row(1, root, rupees, root_account_number=""),
            "gone": row(5, root, rupees, root_account_number=""),
            "denied": row(1, root, rupees, root_account_number="", status_code="01"),
            "moved": moved(root, rupees, "PUNB", f"7{rrn()}", root_account_number=""),
            "onward": moved(
                root, rupees, "ICIC", account, root_account_number="", rrn_transaction_id=self.references[2 + which % 2]
            ),
        }
        await self.bench.answer(bank, case_no, lines[kind])

    async def ask(self, case: int) -> None:
        await self.bench.ask(self.cases[case])

    async def join(self, which: int) -> None:
        bank, account = ("HDFC", self.account) if which < 2 else ("ICIC", self.onward_account)
        payee = {"institution": bank, "account": account}
        await self.bench.complain(transfer(1000_00, reference=self.references[which], payee=payee))

    # -- what always holds -----------------------------------------------------------------------------------------

    async def together(self) -> int:
        """What is lost over all cases, in paise."""
        paise: int = await self.bench.value(
            "SELECT coalesce(-sum(balance_paise), 0)::bigint FROM ledger_balance WHERE case_no = ANY($1)"
            " AND bucket = 'lost'",
            self.cases,
        )
        return paise

    async def check(self) -> None:
        for case_no in self.cases:
            await self.home.check(case_no)
        for rule, query in _NONE.items():
            assert await self.bench.rows(query, self.cases) == [], rule


_NONE: Final = {
    "what is set aside has no money, and asks no bank": """
        SELECT s.case_no, s.hop_no FROM set_aside_hop s JOIN hop h USING (case_no, hop_no)
        WHERE s.put_back_at IS NULL AND s.case_no = ANY($1) AND (h.state <> 'closed' OR EXISTS (SELECT FROM
            ledger_balance b WHERE b.case_no = s.case_no AND b.hop_no = s.hop_no AND b.balance_paise > 0))""",
    "no transfer is live in two merged cases beyond its amount": """
        SELECT a.case_no, b.case_no FROM hop a JOIN hop b ON b.case_no = ANY (merged_with(a.case_no))
            AND b.reference_key = a.reference_key AND b.institution = a.institution
        WHERE a.case_no = ANY($1) AND a.reference_key <> '' AND a.state NOT IN ('closed', 'correction')
            AND b.state NOT IN ('closed', 'correction')
            AND a.disputed_paise + b.disputed_paise > greatest(a.amount_paise, b.amount_paise)""",
    "the loss is what was told, without what is withdrawn or set aside": """
        SELECT h.case_no, sum(h.disputed_paise), min(l.paise) FROM hop h CROSS JOIN LATERAL (
            SELECT coalesce(-sum(b.balance_paise), 0) + coalesce((SELECT sum(s.in_play_paise + s.refused_paise
                + s.untraced_paise) FROM set_aside_hop s WHERE s.case_no = h.case_no AND s.put_back_at IS NULL), 0)
                AS paise FROM ledger_balance b WHERE b.case_no = h.case_no AND b.bucket = 'lost') AS l
        WHERE h.case_no = ANY($1) AND h.source = 'complaint'
            AND NOT EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = h.case_no)
        GROUP BY h.case_no HAVING sum(h.disputed_paise) <> min(l.paise)""",
    "a pair is live exactly while its merge is in force": """
        SELECT s.pair_id FROM same_transfer s JOIN case_merge m USING (merge_id)
        WHERE m.merged_case_no = ANY($1) AND s.ended_at IS NULL AND m.undone_at IS NOT NULL""",
    "a case is in no chain": """
        SELECT m.merge_id FROM case_merge m JOIN case_merge n ON n.merged_case_no = m.primary_case_no
        WHERE m.merged_case_no = ANY($1) AND m.decision = 'agreed' AND m.undone_at IS NULL
            AND n.decision = 'agreed' AND n.undone_at IS NULL""",
}


def test_whatever_is_merged_no_rupee_counts_twice(database_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=10, only_single_cases=True))
        ctx = runner.run(make_context(pool))

        @database_settings(GATE, steps=50)
        @given(steps, merges, st.integers(0, 4))
        def lives(happens: list[tuple[Any, ...]], merged: tuple[Any, ...], place: int) -> None:
            # Most steps show something only while two cases are merged.
            runner.run(MergedCases(ctx).live([*happens[:place], merged, *happens[place:]]))

        try:
            lives()
        finally:
            runner.run(pool.close())
