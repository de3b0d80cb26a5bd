"""A victim's bank says anything, in any order: the ledger sums, and the loss grows only by a person's decision."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from activities.case import payer_inquiries
from activities.case.desk import correct_hop
from activities.context import Context
from activities.recovery import withdrawals
from db.pool import open_pool
from domain.errors import LimitExceeded, NotFound, NotNow
from schemas.case.discrepancies import HopCorrection
from schemas.case.payer_inquiries import FoundTransferDecision
from schemas.enums import FoundDecision
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from tests.activities.case.test_payer_inquiries import Asking, at
from tests.activities.payers_bank import PAYER, debit
from tests.deep import DEEP, Paced, database_settings
from tests.factories import make_context, moved, row, rrn, transfer

GATE: Final = 14
THOUSANDS: Final = 5 if DEEP else 1
BANKS: Final = ("HDFC", "ICIC")
PERSONS: Final = frozenset({"decide", "correct", "withdraw"})

cases = st.integers(0, 1)
amounts = st.integers(4, 12).map(lambda hundreds: hundreds * 100)
minutes = st.sampled_from([None, -200, -59, 0, 5, 59, 61])
debits = st.tuples(
    st.just("debit"), cases, st.integers(0, 5), amounts, minutes, st.booleans(), st.booleans(), st.sampled_from(BANKS)
)
denials = st.tuples(st.just("deny"), cases)
repeats = st.tuples(st.just("repeat"), st.integers(0, 20))
payees = st.tuples(
    st.just("payee"), cases, st.sampled_from(BANKS), st.sampled_from(("held", "moved", "denied")), amounts
)
sends = st.just(("send",))
batches = st.tuples(st.just("ask"), cases)
decisions = st.tuples(st.just("decide"), st.integers(0, 5), st.sampled_from(FoundDecision))
corrections = st.tuples(st.just("correct"), cases, st.integers(0, 5))
withdrawn = st.tuples(st.just("withdraw"), cases, st.integers(1, 4))
steps = st.lists(
    st.one_of(
        debits, debits, debits, denials, repeats, payees, payees, sends, batches, decisions, corrections, withdrawn
    ),
    min_size=5,
    max_size=14,
)


class VictimsBank:
    """Two cases of victims at one bank, and a few references about which lies can meet."""

    def __init__(self, ctx: Context) -> None:
        self.asking = Asking(ctx, answer_within_seconds=0.001)
        self.bench = self.asking.bench
        self.cases: list[str] = []
        self.references = [rrn() for _ in range(5)]
        self.told_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        self.paced = Paced()
        self.said: list[tuple[str, str, dict[str, Any], bool]] = []

    async def live(self, happens: Sequence[tuple[Any, ...]]) -> None:
        for reference in self.references[:2]:
            told = transfer(1000_00, reference=reference, transferred_at=self.told_at.isoformat())
            self.cases.append(await self.bench.complain(told))
        await self.send()
        for what, *details in happens:
            before = await self.lost()
            with contextlib.suppress(NotFound, NotNow, LimitExceeded):
                await getattr(self, what)(*details)
            after = await self.lost()
            assert what in PERSONS or after == before, f"{what} changed the loss"
            if self.paced.is_time():
                await self.check()
        await self.check()

    async def lost(self) -> list[tuple[Any, ...]]:
        return await self.bench.rows(
            "SELECT case_no, sum(balance_paise) FROM ledger_balance WHERE case_no = ANY($1) AND bucket = 'lost'"
            " GROUP BY 1 ORDER BY 1",
            self.cases,
        )

    # -- what the banks do -----------------------------------------------------------------------------------------

    async def say(self, bank: str, case_no: str, line: dict[str, Any], *, signed: bool) -> None:
        self.said.append((bank, case_no, line, signed))
        await self.bench.answer(bank, case_no, line, signed=signed)

    async def debit(
        self, case: int, which: int, rupees: int, minutes: int | None, payer: bool, signed: bool, to: str
    ) -> None:
        case_no = self.cases[case]
        root = await self.bench.value("SELECT reference FROM hop WHERE case_no = $1 AND hop_no = 1", case_no)
        own = root if which == 5 else self.references[which]
        moment = "" if minutes is None else at(self.told_at + timedelta(minutes=minutes))
        account = PAYER if payer else "30000000009"
        more = {"payee_bank": to, "payee_bank_code": to, "transaction_datetime": moment, "root_account_number": account}
        await self.say("SBIN", case_no, debit(root, f"{rupees}.00", reference=own, **more), signed=signed)

    async def deny(self, case: int) -> None:
        case_no = self.cases[case]
        root = await self.bench.value("SELECT reference FROM hop WHERE case_no = $1 AND hop_no = 1", case_no)
        await self.say("SBIN", case_no, row(1, root, "1000.00", status_code="01"), signed=True)

    async def repeat(self, which: int) -> None:
        if self.said:
            bank, case_no, line, signed = self.said[which % len(self.said)]
            await self.bench.answer(bank, case_no, line, signed=signed)

    async def payee(self, case: int, bank: str, kind: str, rupees: int) -> None:
        case_no = self.cases[case]
        root = await self.bench.value(
            "SELECT reference FROM hop WHERE case_no = $1 AND institution = $2 ORDER BY hop_no DESC LIMIT 1",
            case_no,
            bank,
        )
        if root is None:
            return
        held = row(1, root, f"{rupees}.00", root_account_number="")
        onward = moved(root, f"{rupees}.00", "ICIC", "60000000001") | {"rrn_transaction_id": rrn()}
        line = {"held": held, "moved": onward, "denied": held | {"status_code": "20"}}[kind]
        await self.say(bank, case_no, line, signed=True)

    async def send(self) -> None:
        await self.asking.sender.send_due()

    async def ask(self, case: int) -> None:
        await self.bench.ask(self.cases[case])

    # -- what persons do -------------------------------------------------------------------------------------------

    async def decide(self, which: int, decision: FoundDecision) -> None:
        found = await self.bench.rows(
            "SELECT i.case_no, f.found_id FROM payer_found_transfer f JOIN payer_inquiry i USING (inquiry_id)"
            " WHERE i.case_no = ANY($1) ORDER BY f.found_id",
            self.cases,
        )
        if found:
            case_no, found_id = found[which % len(found)]
            decided = FoundTransferDecision(decision=decision, reason="the victim says so")
            done = await payer_inquiries.decide(self.bench.ctx, case_no, found_id, decided, "officer:desk")
            await self.bench.note(done.follow_up)

    async def correct(self, case: int, which: int) -> None:
        reference = rrn() if which == 5 else self.references[which]
        change = HopCorrection(rrn=reference, reason="the victim read it wrongly")
        done = await correct_hop(self.bench.ctx, self.cases[case], 1, change, "officer:desk")
        await self.bench.note(done.follow_up)

    async def withdraw(self, case: int, hop_no: int) -> None:
        new = NewWithdrawal(kind=WithdrawalKind.MISTAKEN, hop_no=hop_no, reason="no fraud")
        case_no = self.cases[case]
        told = await withdrawals.propose(self.bench.ctx, case_no, new, "officer:desk")
        _, follow_up = await withdrawals.agree(self.bench.ctx, case_no, told.withdrawal_id, "so it is", "officer:chief")
        await self.bench.note(follow_up)

    async def check(self) -> None:
        for case_no in self.cases:
            await self.bench.check(case_no)
            buckets = await self.bench.buckets(case_no)
            assert buckets.get("proposed", 0) <= 0
            for rule, query in _NONE.items():
                assert await self.bench.rows(query, case_no) == [], rule


_NONE: Final = {
    "no hop is larger than its transfer": "SELECT hop_no FROM hop WHERE case_no = $1 AND disputed_paise > amount_paise",
    "a hop has one inquiry that is not replaced": """
        SELECT hop_no FROM payer_inquiry WHERE case_no = $1 AND replaced_at IS NULL
        GROUP BY hop_no HAVING count(*) > 1""",
    "a replaced inquiry waits for nothing": """
        SELECT hop_no FROM payer_inquiry WHERE case_no = $1 AND replaced_at IS NOT NULL AND due_at IS NOT NULL""",
    "money is outside the loss exactly while a found transfer is followed and undecided": """
        SELECT b.hop_no FROM ledger_balance b WHERE b.case_no = $1 AND b.bucket = 'proposed' AND b.balance_paise < 0
        AND NOT EXISTS (SELECT FROM payer_found_transfer f JOIN payer_inquiry i USING (inquiry_id)
            WHERE i.case_no = b.case_no AND f.followed_hop_no = b.hop_no AND f.decision IS DISTINCT FROM 'taken')""",
}


def test_whatever_a_victims_bank_says_the_loss_grows_only_by_a_person(database_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=10, only_single_cases=True))
        ctx = runner.run(make_context(pool))

        @database_settings(GATE * THOUSANDS, steps=50)
        @given(steps)
        def lives(happens: list[tuple[Any, ...]]) -> None:
            runner.run(VictimsBank(ctx).live(happens))

        try:
            lives()
        finally:
            runner.run(pool.close())
