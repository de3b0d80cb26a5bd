"""A trail written as a workbook: every row in its sheet, and read back it is the same trail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from activities.case.desk import add_hop, correct_hop
from activities.context import Context
from activities.workbook.trail_lines import Fate, TrailOutcome, export_trail
from db.pool import open_pool
from domain.errors import LimitExceeded, NotFound, NotNow
from domain.workbook.columns import Sheet
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from schemas.enums import ClaimKind
from tests.activities.bench import Bench
from tests.activities.case.test_case_machine import loop, tracing_small_sums
from tests.activities.workbooks import NOWHERE, ack, codes, serial, take, workbook
from tests.deep import examples
from tests.domain.case.test_trail_properties import Truth, truths, whole
from tests.domain.trail_books import C, reread
from tests.factories import BANKS, complaint, make_context, rrn, transfer
from tests.factories import moved as moved_on
from tests.factories import row as line
from workers.embedded.postgres import EmbeddedPostgres

__all__ = ["loop"]

TRACED_PAISE = 3_00
"""the least that `tracing_small_sums` traces"""


# -- and out again ---------------------------------------------------------------------------------------------


async def test_the_export_has_every_row_in_its_sheet(bench: Bench) -> None:
    number, root = ack(), rrn()
    await take(bench, workbook(number, root))
    case_no, sheets = await export_trail(bench.ctx, number)
    assert case_no == number
    assert {name: len(rows) for name, rows in sheets.items() if rows} == {
        Sheet.TRANSFER: 3,
        Sheet.HOLD: 2,
        Sheet.ATM: 1,
        Sheet.CHEQUE: 1,
        Sheet.POS: 1,
        Sheet.AEPS: 1,
        Sheet.OTHER: 1,
        Sheet.SMALL: 1,
    }
    first, second, _ = sheets[Sheet.TRANSFER]
    assert (first[C.LAYER], first[C.UTR], first[C.UTR2], first[C.ACTION_BY]) == (1, root, root, "SBIN")
    assert (second[C.UTR], second[C.BANK], second[C.ACTION_BY]) == (root, "PUNB Bank", "HDFC Bank")
    assert (second[C.TRANSACTION_DATE], second[C.DISPUTED]) == ("05/11/2026 13:12:00", 6_000_00)
    (cheque,) = sheets[Sheet.CHEQUE]
    assert (cheque[C.REFERENCE_NO], cheque[C.WITHDRAWAL_AMOUNT]) == ("000123", 600_00)
    with pytest.raises(NotFound):
        await export_trail(bench.ctx, "29999999999999")


@pytest.fixture
async def second_dsn(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[str]:
    """A second, empty database."""
    name = f"trail_{next(serial)}"
    yield await postgres.create_database(name, template_database)
    await postgres.drop_database(name)


ON_A_DATABASE = settings(
    max_examples=examples(5),
    suppress_health_check=list(HealthCheck),
    # A failure is printed as it was found: to shrink it takes minutes on a database.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Life:
    """A case as it may come to be: complaints, banks' lines over the wire, missing answers and the desk."""

    def __init__(self, bench: Bench, run: Run, draw: st.DataObject) -> None:
        self.bench, self.run, self.draw = bench, run, draw.draw
        banks = self.draw(st.lists(st.sampled_from((*BANKS, NOWHERE)), min_size=1, max_size=3))
        told = [transfer(self.draw(st.integers(1, 5000)) * 100, payee_bank=bank) for bank in banks]
        self.gathered = rrn()
        """a transfer in which money of several hops of one layer goes on"""
        self.case_no: str = run(bench.complain(*told, ack_no=ack()))
        if self.draw(st.booleans()):
            run(bench.take(complaint(told[0], transfer(payee_bank=self.draw(st.sampled_from(BANKS))))))

    def steps(self) -> None:
        for _ in range(self.draw(st.integers(0, 8))):
            step = self.draw(st.sampled_from([self.a_bank_answers] * 6 + [self.the_desk_adds, self.the_desk_corrects]))
            step()

    def hop(self) -> tuple[Any, ...]:
        columns = "hop_no, institution, reference, payee_holder, disputed_paise, layer"
        hops = self.run(self.bench.hops(self.case_no, columns))
        found: tuple[Any, ...] = self.draw(st.sampled_from(hops))
        return found

    def a_bank_answers(self) -> None:
        _, bank, reference, holder, disputed_paise, layer = self.hop()
        if bank is None:
            return
        lines = [self.line(reference, holder, disputed_paise, layer) for _ in range(self.draw(st.integers(1, 4)))]
        self.run(self.bench.answer(bank, self.case_no, *lines))

    def line(self, root: str, holder: str, disputed_paise: int, layer: int) -> dict[str, Any]:
        kind: object = self.draw(st.sampled_from([1, 3, 3, 3, 5, 6, 11, 14, "01", "99", "other"]))
        paise = self.draw(st.integers(1, disputed_paise + 300) | st.just(disputed_paise))
        rupees = f"{paise // 100}.{paise % 100:02d}"
        more = {
            "root_account_number": self.draw(st.sampled_from([holder, f"00{holder}"])),
            "transaction_datetime": f"2026-11-24 10:0{self.draw(st.integers(0, 9))}:00",
            "remarks": self.draw(st.sampled_from(["", "=1+1", "seen  at\nthe branch"])),
        }
        if kind == 3:
            payee = self.draw(st.sampled_from((*BANKS, NOWHERE)))
            account = self.draw(st.sampled_from(["777", "00777", "888"]))
            own = self.gathered if layer == 1 and self.draw(st.booleans()) else rrn()
            if own == self.gathered:
                payee, account = "ICIC", "999"
            return moved_on(root, rupees, payee, account, **more, rrn_transaction_id=own)
        if isinstance(kind, str):
            code = "00" if kind == "other" else kind
            return line(1 if code != "00" else 77, root, rupees, **more, status_code=code)
        details = {"atm_id": "ATM1", "approval_code": "55", "cheque_no": "000321"}
        own = rrn() if self.draw(st.booleans()) and kind not in {1, 14} else ""
        assert isinstance(kind, int)
        return line(kind, root, rupees, **more, **details, rrn_transaction_id=own)

    def the_desk_adds(self) -> None:
        hop_no, bank, _, _, disputed_paise, _ = self.hop()
        if bank is None or disputed_paise < TRACED_PAISE:
            return  # no bank can say so of an account at no bank, and so small a sum of a bank's answer is not traced
        paise = self.draw(st.integers(TRACED_PAISE, disputed_paise))
        told = {
            "parent_hop_no": hop_no,
            "payee": {"institution": self.draw(st.sampled_from((*BANKS, NOWHERE))), "account": "666"},
            "amount_paise": paise,
            "disputed_paise": paise,
            "reference": rrn(),
            "transferred_at": "2026-11-24T10:00:00",
            "reason": "told by phone",
        }
        with contextlib.suppress(NotNow, LimitExceeded):
            self.run(add_hop(self.bench.ctx, self.case_no, NewHopByDesk.model_validate(told), "officer:1"))

    def the_desk_corrects(self) -> None:
        hop_no, *_ = self.hop()
        told = {"transferred_at": "2026-11-24T09:00:00", "reason": "the bank called"}
        correction = HopCorrection.model_validate(told)
        with contextlib.suppress(NotNow, LimitExceeded):
            self.run(correct_hop(self.bench.ctx, self.case_no, hop_no, correction, "officer:1"))


def a_true_trail(bench: Bench, run: Run, truth: Truth) -> str:
    """A case in which every bank has told all of the truth; returns its number."""
    types = {ClaimKind.HELD: 1, ClaimKind.WITHDRAWN: 5, ClaimKind.SPENT: 11}
    names = {one.reference: rrn() for one in whole(truth)}
    lost = transfer(truth.paise, payee_bank=truth.bank, reference=names[truth.reference])
    case_no: str = run(bench.complain(lost, ack_no=ack()))
    for one in whole(truth):
        root, lines = names[one.reference], []
        for told in one.lines:
            rupees = f"{told.claim_paise // 100}.{told.claim_paise % 100:02d}"
            if told.kind is ClaimKind.MOVED and told.payee:
                own = {"rrn_transaction_id": names[told.reference], "root_account_number": ""}
                lines.append(moved_on(root, rupees, told.payee.institution or "", "777", **own))
            else:
                lines.append(line(types[told.kind], root, rupees, root_account_number=""))
        run(bench.answer(one.bank, case_no, *lines))
    return case_no


def test_exported_and_imported_into_an_empty_database_a_trail_is_the_same(
    database_dsn: str, second_dsn: str, loop: asyncio.AbstractEventLoop
) -> None:
    def run(step: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=60)

    pools = [run(open_pool(dsn, min_size=1, max_size=2, only_single_cases=True)) for dsn in (database_dsn, second_dsn)]
    ctx: list[Context] = [tracing_small_sums(run(make_context(pool))) for pool in pools]

    def goes_round(case_no: str) -> None:
        here, there = Bench(ctx[0]), Bench(ctx[1])
        _, told = run(export_trail(here.ctx, case_no))
        taken: TrailOutcome = run(take(there, reread(told)))
        assert codes(taken) == []
        assert taken.count(Fate.DISCREPANCY) == 0
        _, told_again = run(export_trail(there.ctx, case_no))
        for name in Sheet:
            changed = [(a, b) for a, b in zip_longest(told[name], told_again[name]) if a != b]
            assert not changed, f"{name}: {changed[0]}"
        both = [run(bench.buckets(case_no)) for bench in (here, there)]
        for bucket in ("lost", "held", "withdrawn", "spent"):
            assert both[0].get(bucket) == both[1].get(bucket)
        hops = run(here.hops(case_no, "hop_no, disputed_paise"))
        run(take(here, reread(told)))
        now = run(here.buckets(case_no)), run(here.hops(case_no, "hop_no, disputed_paise"))
        assert now == (both[0], hops), "read back where it came from, it places no rupee twice"

    @ON_A_DATABASE
    @given(st.data())
    def a_life_goes_round(data: st.DataObject) -> None:
        life = Life(Bench(ctx[0]), run, data)
        life.steps()
        goes_round(life.case_no)

    @ON_A_DATABASE
    @given(truths())
    def a_truth_goes_round(truth: Truth) -> None:
        goes_round(a_true_trail(Bench(ctx[0]), run, truth))

    try:
        a_life_goes_round()
        a_truth_goes_round()
    finally:
        for pool in pools:
            run(pool.close())
