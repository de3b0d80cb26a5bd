"""Several banks that lie about several cases on the same accounts, and officers who settle it, in any order."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.context import Context
from db.pool import open_pool
from domain.errors import NotFound, NotNow
from schemas.case.discrepancies import NewResolution
from schemas.enums import ResolutionDecision
from tests.activities.bench import Bench
from tests.activities.case.test_case_machine import tracing_small_sums
from tests.deep import database_settings
from tests.factories import make_context, moved, row, rrn, transfer

BANKS = ("HDFC", "ICIC")
ACCOUNTS = ("60000000001", "60000000002")
OFFICERS = (ResolvingOfficer("officer:desk", supervises=False), ResolvingOfficer("officer:chief", supervises=True))

amounts = st.integers(1, 20).map(lambda hundreds: hundreds * 100)
answers = st.tuples(
    st.just("answer"),
    st.integers(0, 2),
    st.sampled_from(BANKS),
    st.sampled_from(("held", "moved", "withdrawn", "spent", "denied")),
    st.integers(0, 5),
    amounts,
    st.none() | amounts,
)
resolutions = st.tuples(
    st.just("settle"), st.integers(0, 30), st.sampled_from(ResolutionDecision), st.sampled_from(OFFICERS)
)
batches = st.tuples(st.just("ask"), st.integers(0, 2))
steps = st.lists(st.one_of(answers, answers, resolutions, resolutions, batches), min_size=5, max_size=25)
losses = st.lists(st.tuples(st.sampled_from(BANKS), st.sampled_from(ACCOUNTS), amounts), min_size=1, max_size=3)


class Liars:
    """Cases that share two accounts and a few references, so that lies about them meet."""

    def __init__(self, ctx: Context) -> None:
        self.bench = Bench(ctx)
        self.cases: list[str] = []
        self.references: list[str] = [rrn(), rrn()]

    async def live(self, lost: Sequence[tuple[str, str, int]], happens: Sequence[tuple[Any, ...]]) -> None:
        for bank, account, rupees in lost:
            self.references.append(rrn())
            payee = {"institution": bank, "account": account}
            told = transfer(rupees * 100, payee_bank=bank, reference=self.references[-1], payee=payee)
            self.cases.append(await self.bench.complain(told))
        for what, *details in happens:
            try:
                await getattr(self, what)(*details)
            except (NotFound, NotNow):
                continue
            await self.check()

    def case(self, number: int) -> str:
        return self.cases[number % len(self.cases)]

    async def answer(self, case: int, bank: str, kind: str, about: int, rupees: int, balance: int | None) -> None:
        root, own = (self.references[(about + more) % len(self.references)] for more in (0, 1))
        said: dict[str, Any] = {"root_account_number": "", "rrn_transaction_id": own}
        if balance is not None:
            said["root_effective_balance"] = f"{balance}.00"
        if kind == "moved":
            onto = ACCOUNTS[about % 2]
            line = moved(root, f"{rupees}.00", BANKS[rupees // 100 % 2], onto) | said
        elif kind == "denied":
            line = row(1, root, "0") | said | {"status_code": "20"}
        else:
            line = row({"held": 1, "withdrawn": 5, "spent": 11}[kind], root, f"{rupees}.00") | said
        await self.bench.answer(bank, self.case(case), line)

    async def settle(self, which: int, decision: ResolutionDecision, officer: ResolvingOfficer) -> None:
        rows = await self.bench.rows(
            "SELECT c.discrepancy_id, max(s.resolution_no) FROM discrepancy c"
            " LEFT JOIN discrepancy_resolution s USING (discrepancy_id) WHERE c.case_no = ANY($1)"
            " GROUP BY 1 ORDER BY 1",
            self.cases,
        )
        if rows:
            doubt, stands = rows[which % len(rows)]
            resolution = NewResolution(decision=decision, reason="somebody called", replaces=stands)
            _, follow_up = await resolve(self.bench.ctx, doubt, resolution, officer)
            await self.bench.note(follow_up)

    async def ask(self, case: int) -> None:
        await self.bench.ask(self.case(case))

    async def check(self) -> None:
        for case_no in self.cases:
            await self.bench.check(case_no)
            buckets = await self.bench.buckets(case_no)
            assert 0 <= buckets.get("held", 0) <= -buckets["lost"]
            for doubt, numbers, tasks in await self.bench.rows(_SETTLED, case_no):
                assert numbers == list(range(1, len(numbers) + 1)), "each resolution replaces the one before it"
                assert numbers or tasks, f"discrepancy {doubt} waits for a person, who has a task"


_SETTLED = """
SELECT c.discrepancy_id,
    ARRAY(SELECT resolution_no FROM discrepancy_resolution s WHERE s.discrepancy_id = c.discrepancy_id
        ORDER BY 1),
    (SELECT count(*) FROM desk_task t WHERE t.case_no = c.case_no AND t.kind = 'resolve_discrepancy'
        AND t.facts->>'discrepancy' = c.kind AND t.hop_no IS NOT DISTINCT FROM c.hop_no AND t.state = 'open')
FROM discrepancy c WHERE c.case_no = $1
"""


def test_whatever_banks_say_and_officers_decide_the_ledger_keeps_every_rule(database_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=2, only_single_cases=True))
        ctx = tracing_small_sums(runner.run(make_context(pool)))

        @database_settings(6, steps=50)
        @given(losses, steps)
        def lives(lost: list[tuple[str, str, int]], happens: list[tuple[Any, ...]]) -> None:
            runner.run(Liars(ctx).live(lost, happens))

        try:
            lives()
        finally:
            runner.run(pool.close())
