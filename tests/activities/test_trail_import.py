"""A money-trail workbook taken into a real database: attributed, conserved, twice is once; and written again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import zip_longest
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from activities import trail_import
from activities.answering import take_status_update
from activities.desk import add_hop, correct_hop
from activities.hands import Hands
from activities.trail_export import export_trail
from activities.trail_import import NO_MOBILE, Fate, TrailOutcome, take_trail
from db.pool import open_pool
from domain.errors import LimitExceeded, NotFound, NotNow
from domain.trail_columns import Sheet
from domain.trail_workbook import TrailReading
from schemas.desk import HopCorrection, NewHopByDesk
from schemas.enums import ClaimKind
from schemas.work import FollowUp
from tests.activities.bench import Bench
from tests.activities.test_machine import chasing_pennies, loop
from tests.activities.test_personal_data import found_in
from tests.domain.test_trail_properties import Truth, truths, whole
from tests.domain.trail_books import C, moved, read, reread, said, sheet
from tests.factories import BANKS, complaint, make_hands, rrn, transfer
from tests.factories import moved as moved_on
from tests.factories import row as line
from workers.embedded.postgres import EmbeddedPostgres

__all__ = ["loop"]

TRANSFER = Sheet.TRANSFER.value
NOWHERE = "Bank of Nowhere"
CHASED_PAISE = 3_00
"""the least that `chasing_pennies` chases"""
_serial = iter(range(1, 1_000_000))


def ack() -> str:
    return f"2051126{next(_serial):07d}"


def workbook(number: str, root: str) -> TrailReading:
    """₹10,000 of a victim: 6,000 went on to PUNB (of which 4,000 on to ICIC, which is pending), the rest is cash."""
    of = {"ack_no": number}
    second, third = rrn(), rrn()
    return read(
        sheet(
            TRANSFER,
            moved(3, second, third, 4_000, bank="ICIC", ifsc="", action_by="PUNB", **of),
            moved(2, root, second, 6_000, bank="PUNB Bank", ifsc="PUNB0001234", **of),
            moved(1, root, root, 10_000, **of),
        ),
        sheet(Sheet.HOLD, said(root, 1_000, **of), said(second, 500, account="0020000000", action_by="", **of)),
        sheet(Sheet.ATM, said(root, 700, atm_id="ATM7", **of)),
        sheet(Sheet.CHEQUE, said(root, 600, reference_no="000123", **of)),
        sheet(Sheet.POS, said(root, 300, mid="M1", **of)),
        sheet(Sheet.AEPS, said("", 200, parent_utr=root, parent_account="0010000000", **of)),
        sheet(Sheet.OTHER, said(root, None, remarks="holder absconding", **of)),
        sheet(Sheet.SMALL, said(root, 99, **of)),
    )


async def take(bench: Bench, reading: TrailReading, taken_by: str = "import:a") -> TrailOutcome:
    told: list[FollowUp] = []
    outcome = await take_trail(bench.hands, reading, taken_by=taken_by, follow=told.append)
    for follow_up in told:
        await bench.note(follow_up)
    if outcome.case_no:
        await bench.check(outcome.case_no)
    return outcome


def codes(outcome: TrailOutcome) -> list[tuple[str, int, str]]:
    return [(row.sheet_name, row.row_no, fault.code) for row in outcome.rejected for fault in row.faults]


# -- a new case ------------------------------------------------------------------------------------------------


async def test_a_workbook_opens_a_case_and_every_row_is_where_it_belongs(bench: Bench) -> None:
    number, root = ack(), rrn()
    outcome = await take(bench, workbook(number, root))
    assert codes(outcome) == []
    assert (outcome.case_no, outcome.opened, len(outcome.used), outcome.waiting) == (number, True, 11, [])
    assert {fate: outcome.count(fate) for fate in Fate} == {
        Fate.OPENED: 1,
        Fate.APPLIED: 9,
        Fate.REVIEW: 1,
        Fate.CONTRADICTION: 0,
        Fate.KNOWN: 0,
    }
    assert await bench.buckets(number) == {
        "lost": -10_000_00,
        "held": 1_500_00,
        "withdrawn": 1_500_00,
        "spent": 300_00,
        "untraced": 99_00,
        "in_play": 6_601_00,
    }
    assert await bench.hops(number, "layer, institution, state, disputed_paise") == [
        (1, "HDFC", "open", 10_000_00),
        (2, "PUNB", "open", 6_000_00),
        (3, "ICIC", "open", 4_000_00),
    ]
    assert await bench.tasks(number) == [("read_answer", 1)]
    assert [order.institution for order in await bench.orders(number)] == ["HDFC", "PUNB", "ICIC"]


async def test_rows_are_their_banks_word_and_say_that_a_workbook_told_it(bench: Bench) -> None:
    number = ack()
    await take(bench, workbook(number, rrn()))
    told = await bench.rows("SELECT institution, raw, flags FROM answer WHERE case_no = $1 ORDER BY answer_id", number)
    assert {institution for institution, _, _ in told} == {"HDFC", "PUNB"}
    for _, raw, flags in told:
        assert raw["source"] == "trail_workbook"
        assert {"sheet", "row", "imported_by"} <= set(raw)
        assert "from_workbook" in {flag["code"] for flag in flags}
    hops = await bench.hops(number, "flags::text")
    assert ["from_workbook" in flags for flags in hops] == [False, True, True]
    kinds = await bench.events(number)
    assert kinds[:3] == ["case_opened", "trail_imported", "answer_received"]
    actors = await bench.rows("SELECT actor FROM case_event WHERE case_no = $1 AND kind = 'trail_imported'", number)
    assert actors == [("import:a",)]


async def test_a_workbook_names_no_victim(bench: Bench) -> None:
    number = ack()
    outcome = await take(bench, workbook(number, rrn()))
    victims = "SELECT v.name, v.mobile, v.district FROM victim v JOIN complaint USING (victim_id) WHERE case_no = $1"
    assert await bench.rows(victims, number) == [("not stated", NO_MOBILE, "not stated")]
    assert "odd_mobile" in {flag.code for flag in outcome.flags}


async def test_the_workflow_starts_with_what_the_workbook_left_open(bench: Bench) -> None:
    number = ack()
    told: list[FollowUp] = []
    done: list[int] = []
    reading = workbook(number, rrn())
    await take_trail(bench.hands, reading, taken_by="import:a", follow=told.append, progress=done.append)
    start = told[0].start
    assert start is not None
    assert [(hop.hop_no, hop.disputed_paise) for hop in start.open_hops] == [
        (1, 1_101_00),
        (2, 1_500_00),
        (3, 4_000_00),
    ]
    assert done[-1] == 11


async def test_no_name_or_account_leaves_the_tables_of_people(bench: Bench) -> None:
    number = ack()
    told: list[FollowUp] = []
    await take_trail(bench.hands, workbook(number, rrn()), taken_by="import:a", follow=told.append)
    log = await bench.value("SELECT string_agg(data::text, ' ') FROM case_event WHERE case_no = $1", number)
    for text in (log, *(one.model_dump_json() for one in told)):
        assert found_in(text) == []
        assert not any(account in text for account in ("0000000000", "0010000000", "0020000000", "absconding"))


# -- again, and more -------------------------------------------------------------------------------------------


async def everything(bench: Bench, case_no: str) -> list[Any]:
    """How many rows every table has of a case."""
    tables = ("hop", "ledger_entry", "case_event", "answer", "contradiction", "case_news", "complaint", "desk_task")
    return [await bench.value(f"SELECT count(*) FROM {table} WHERE case_no = $1", case_no) for table in tables]


async def test_the_same_workbook_twice_changes_nothing(bench: Bench) -> None:
    reading = workbook(ack(), rrn())
    first = await take(bench, reading)
    assert first.case_no
    before = await everything(bench, first.case_no)
    again = await take(bench, reading, taken_by="import:another")
    assert (again.case_no, again.opened, again.count(Fate.KNOWN), codes(again)) == (first.case_no, False, 11, [])
    assert await everything(bench, first.case_no) == before


async def test_a_later_workbook_brings_only_what_is_new(bench: Bench) -> None:
    number, root = ack(), rrn()
    rows = [moved(1, root, root, 10_000, ack_no=number), moved(2, root, "N1", 6_000, ack_no=number)]
    await take(bench, read(sheet(TRANSFER, *rows)))
    later = await take(bench, read(sheet(TRANSFER, *rows), sheet(Sheet.HOLD, said("N1", 2_000, ack_no=number))))
    assert (later.count(Fate.KNOWN), later.count(Fate.APPLIED), later.opened) == (2, 1, False)
    assert (await bench.buckets(number))["held"] == 2_000_00


async def test_what_a_bank_said_over_the_wire_is_known(bench: Bench) -> None:
    number, root, own = ack(), rrn(), rrn()
    await bench.complain(transfer(10_000_00, reference=root), ack_no=number)
    at = {"transaction_datetime": "2026-11-05 14:00:00"}
    await bench.answer(
        "HDFC", number, line(1, root, "500", **at), moved_on(root, "900", "PUNB", "88", rrn_transaction_id=own)
    )
    holder = "0050100000000001"
    outcome = await take(
        bench,
        read(
            sheet(
                TRANSFER,
                moved(2, root, own, 900, bank="PUNB", ifsc="", account=holder, payee_account="0088", ack_no=number),
            ),
            sheet(Sheet.HOLD, said(root, 500, account=holder, ack_no=number)),
        ),
    )
    assert outcome.count(Fate.KNOWN) == 2
    assert await bench.contradictions(number) == []


async def test_what_a_bank_said_over_the_wire_is_known_in_other_words(bench: Bench) -> None:
    """The workbook rounds times and has no reference; of two withdrawals of one sum the wire told one."""
    number, root = ack(), rrn()
    await bench.complain(transfer(10_000_00, reference=root), ack_no=number)
    at = {"transaction_datetime": "2026-11-05 14:00:31"}
    cash = line(5, root, "1000", **at, atm_id="ATM7")
    await bench.answer(
        "HDFC", number, line(1, root, "500", **at), cash, moved_on(root, "900", "PUNB", "88", rrn_transaction_id="N77")
    )
    of: dict[str, Any] = {"ack_no": number, "account": "50100000000001"}
    outcome = await take(
        bench,
        read(
            sheet(
                TRANSFER,
                moved(2, root, "N77", 800, bank="PUNB", ifsc="", payee_account="88", **of),
                moved(2, root, "N77", 950, bank="PUNB", ifsc="", payee_account="88", **of),
            ),
            sheet(Sheet.HOLD, said(root, 500, hold_date="06/11/2026", **of)),
            sheet(
                Sheet.ATM,
                said(root, 1_000, withdrawal_at="05/11/2026 14:00", **of),
                said(root, 1_000, withdrawal_at="05/11/2026 15:00", **of),
            ),
        ),
    )
    assert (outcome.count(Fate.KNOWN), outcome.count(Fate.APPLIED)) == (3, 1)
    assert codes(outcome) == [(TRANSFER, 3, "other_figures")]
    assert (await bench.buckets(number))["withdrawn"] == 2_000_00
    assert (await bench.buckets(number))["held"] == 500_00


async def test_a_case_that_is_there_is_extended(bench: Bench) -> None:
    """Its number has a complaint already, which knows one of the victim's two transfers, and its victim."""
    number, first, second = ack(), rrn(), rrn()
    victim = {"name": "Known", "mobile": "9876500000", "district": "AGRA"}
    await bench.complain(transfer(1_000_00, reference=first), ack_no=number, victim=victim)
    rows = [
        moved(1, first, first, 1_000, ack_no=number),
        moved(1, second, second, 2_000, ack_no=number, bank="ICIC", ifsc=""),
        moved(2, second, "N5", 1_500, ack_no=number, action_by="ICIC"),
    ]
    outcome = await take(bench, read(sheet(TRANSFER, *rows)))
    assert (outcome.case_no, outcome.opened, codes(outcome)) == (number, False, [])
    assert [used.fate for used in outcome.used] == [Fate.KNOWN, Fate.OPENED, Fate.APPLIED]
    assert await bench.hops(number, "institution, disputed_paise") == [
        ("HDFC", 1_000_00),
        ("ICIC", 2_000_00),
        ("HDFC", 1_500_00),
    ]
    mobiles = "SELECT v.mobile FROM victim v JOIN complaint USING (victim_id) WHERE case_no = $1"
    assert await bench.rows(mobiles, number) == [("9876500000",)] * 2
    assert (await bench.buckets(number))["lost"] == -3_000_00
    before = await everything(bench, number)
    again = await take(bench, read(sheet(TRANSFER, *rows)))
    assert (again.count(Fate.KNOWN), await everything(bench, number)) == (3, before)


async def test_a_case_is_extended_by_more_transfers_than_one_complaint_holds(bench: Bench) -> None:
    number = ack()
    rows = [moved(1, "", rrn(), 10 + n, ack_no=number) for n in range(210)]
    outcome = await take(bench, read(sheet(TRANSFER, *rows)))
    assert (outcome.count(Fate.OPENED), len(await bench.hops(number))) == (210, 210)
    again = await take(bench, read(sheet(TRANSFER, *rows)))
    assert (again.count(Fate.KNOWN), len(await bench.hops(number))) == (210, 210)


async def test_a_settled_case_is_reopened(bench: Bench) -> None:
    number, root = ack(), rrn()
    await take(
        bench,
        read(sheet(TRANSFER, moved(1, root, root, 9, ack_no=number)), sheet(Sheet.HOLD, said(root, 9, ack_no=number))),
    )
    assert (await bench.settle(number)).settled
    other = rrn()
    outcome = await take(bench, read(sheet(TRANSFER, moved(1, other, other, 5, ack_no=number))))
    assert outcome.count(Fate.OPENED) == 1
    assert await bench.value("SELECT state FROM case_file WHERE case_no = $1", number) == "open"


async def test_a_transfer_that_another_case_has(bench: Bench) -> None:
    """A new number joins that case, as a complaint does; a number with a case of its own cannot take it over."""
    theirs, shared = ack(), rrn()
    await bench.complain(transfer(700_00, reference=shared), ack_no=theirs)
    joining = ack()
    joined = await take(bench, read(sheet(TRANSFER, moved(1, shared, shared, 700, ack_no=joining))))
    assert (joined.case_no, joined.count(Fate.KNOWN)) == (theirs, 1)
    number, own = ack(), rrn()
    await bench.complain(transfer(800_00, reference=own), ack_no=number)
    rows = [moved(1, own, own, 800, ack_no=number), moved(1, shared, shared, 700, ack_no=number)]
    outcome = await take(bench, read(sheet(TRANSFER, *rows)))
    assert (outcome.case_no, outcome.count(Fate.KNOWN)) == (number, 1)
    assert codes(outcome) == [(TRANSFER, 3, "known_in_another_case")]


# -- what does not fit -----------------------------------------------------------------------------------------


async def test_more_than_the_parent_has_is_a_contradiction_with_both_figures(bench: Bench) -> None:
    number, root = ack(), rrn()
    outcome = await take(
        bench,
        read(
            sheet(TRANSFER, moved(1, root, root, 1_000, ack_no=number), moved(2, root, "N1", 800, ack_no=number)),
            sheet(Sheet.HOLD, said(root, 500, ack_no=number)),
        ),
    )
    (found,) = [used for used in outcome.used if used.fate is Fate.CONTRADICTION]
    assert (found.contradiction, found.claimed_paise, found.applied_paise) == ("held_and_gone", 500_00, 200_00)
    assert (await bench.buckets(number))["held"] == 200_00
    assert codes(outcome) == []


async def test_rows_that_have_no_place_are_rejected_with_the_reason(bench: Bench) -> None:
    number, root = ack(), rrn()
    of = {"ack_no": number}
    outcome = await take(
        bench,
        read(
            sheet(
                TRANSFER,
                moved(1, root, root, 1_000, **of),
                moved(2, root, "N1", 900, bank=NOWHERE, ifsc="", **of),
                moved(3, "N1", "N2", 500, action_by="", **of),
                moved(4, "N2", "N3", 400, **of),
                moved(2, "LOST1", "N4", 100, **of),
            ),
            sheet(Sheet.HOLD, said(root, 100, action_by="PUNB", **of), said(root, 50, action_by="State Bank?", **of)),
        ),
    )
    assert sorted(codes(outcome)) == [
        (TRANSFER, 4, "bank_unknown"),
        (TRANSFER, 5, "no_parent"),
        (TRANSFER, 6, "no_parent"),
        (Sheet.HOLD.value, 2, "not_its_bank"),
    ]
    assert len(outcome.used) == 3
    assert ("Action Taken By Bank", 3) in {(note.column, note.row_no) for note in outcome.notes}


async def test_a_bank_that_speaks_of_anothers_account_contradicts(bench: Bench) -> None:
    number, root = ack(), rrn()
    of = {"ack_no": number}
    outcome = await take(
        bench,
        read(
            sheet(TRANSFER, moved(1, root, root, 1_000, **of), moved(2, root, "N1", 900, bank="PUNB", ifsc="", **of)),
            sheet(Sheet.HOLD, said(root, 50, action_by="PUNB", **of)),
        ),
    )
    (found,) = [used for used in outcome.used if used.fate is Fate.CONTRADICTION]
    assert found.contradiction == "another_banks_hop"


async def test_without_a_case_and_a_first_layer_nothing_is_taken(bench: Bench) -> None:
    outcome = await take(bench, read(sheet(Sheet.HOLD, said(rrn(), 5, ack_no=ack()))))
    assert (outcome.case_no, codes(outcome)) == (None, [(Sheet.HOLD.value, 2, "no_case")])


async def test_a_layer_that_contradicts_the_references_is_noted(bench: Bench) -> None:
    number, root = ack(), rrn()
    rows = [moved(1, root, root, 1_000, ack_no=number), moved(5, root, "N1", 900, ack_no=number)]
    outcome = await take(bench, read(sheet(TRANSFER, *rows)))
    assert await bench.hops(number, "layer") == [1, 2]
    assert [(note.row_no, note.column) for note in outcome.notes] == [(3, "Layer")]


async def test_a_stop_midway_leaves_nothing_half_and_goes_on_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ack()
    reading = workbook(number, rrn())
    take_update = take_status_update
    calls = 0

    async def fails_at_the_second(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise asyncpg.InterfaceError("gone")
        return await take_update(*arguments)

    monkeypatch.setattr(trail_import, "take_status_update", fails_at_the_second)
    stopped = await take(bench, reading)
    assert "gone" in stopped.stopped
    assert (len(stopped.used), len(stopped.waiting)) == (9, 2)
    resumed = await take(bench, reading)
    assert not resumed.stopped
    assert (resumed.count(Fate.KNOWN), resumed.count(Fate.APPLIED)) == (9, 2)


# -- and out again ---------------------------------------------------------------------------------------------


async def test_the_export_has_every_row_in_its_sheet(bench: Bench) -> None:
    number, root = ack(), rrn()
    await take(bench, workbook(number, root))
    case_no, sheets = await export_trail(bench.hands, number)
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
        await export_trail(bench.hands, "29999999999999")


@pytest.fixture
async def second_dsn(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[str]:
    """A second, empty database."""
    name = f"trail_{next(_serial)}"
    yield await postgres.create_database(name, template_database)
    await postgres.drop_database(name)


ON_A_DATABASE = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # A failure is printed as it was found: to shrink it takes minutes on a database.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Life:
    """A case as it may come to be: complaints, banks' lines over the wire, silence and the desk."""

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
        if bank is None or disputed_paise < CHASED_PAISE:
            return  # nobody could say so of an account at no bank, and of a bank's word so little is not chased
        paise = self.draw(st.integers(CHASED_PAISE, disputed_paise))
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
            self.run(add_hop(self.bench.hands, self.case_no, NewHopByDesk.model_validate(told), "officer:1"))

    def the_desk_corrects(self) -> None:
        hop_no, *_ = self.hop()
        told = {"transferred_at": "2026-11-24T09:00:00", "reason": "the bank called"}
        correction = HopCorrection.model_validate(told)
        with contextlib.suppress(NotNow, LimitExceeded):
            self.run(correct_hop(self.bench.hands, self.case_no, hop_no, correction, "officer:1"))


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

    pools = [run(open_pool(dsn, min_size=1, max_size=2)) for dsn in (database_dsn, second_dsn)]
    hands: list[Hands] = [chasing_pennies(run(make_hands(pool))) for pool in pools]

    def goes_round(case_no: str) -> None:
        here, there = Bench(hands[0]), Bench(hands[1])
        _, told = run(export_trail(here.hands, case_no))
        taken: TrailOutcome = run(take(there, reread(told)))
        assert codes(taken) == []
        assert taken.count(Fate.CONTRADICTION) == 0
        _, told_again = run(export_trail(there.hands, case_no))
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
        life = Life(Bench(hands[0]), run, data)
        life.steps()
        goes_round(life.case_no)

    @ON_A_DATABASE
    @given(truths())
    def a_truth_goes_round(truth: Truth) -> None:
        goes_round(a_true_trail(Bench(hands[0]), run, truth))

    try:
        a_life_goes_round()
        a_truth_goes_round()
    finally:
        for pool in pools:
            run(pool.close())
