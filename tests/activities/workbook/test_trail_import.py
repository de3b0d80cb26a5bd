"""A money-trail workbook taken into a real database: attributed, conserved, twice is once."""

from typing import Any

import asyncpg
import pytest

from activities.case.answers import take_status_update
from activities.recovery import case_merges
from activities.workbook import trail_import
from activities.workbook.trail_import import take_trails
from activities.workbook.trail_lines import Fate
from domain.workbook.columns import Sheet
from schemas.case.case_workflow import FollowUp, PlanRequests
from schemas.case.intake import NO_MOBILE
from schemas.privacy.personal_data import PersonalData
from schemas.recovery.case_merges import MergeState, NewMerge
from tests.activities.bench import Bench
from tests.activities.test_personal_data import found_in
from tests.activities.told import planned
from tests.activities.workbooks import NOWHERE, TRANSFER, ack, codes, take, workbook
from tests.domain.trail_books import moved, read, said, sheet
from tests.factories import moved as moved_on
from tests.factories import row as line
from tests.factories import rrn, transfer
from tests.opened_bodies import opened_rows

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
        Fate.DISCREPANCY: 0,
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
    start = await bench.freeze.plan_requests(PlanRequests(case_no=number))
    assert planned(start) == [
        ("HDFC", [(1, 0)], 1_101_00),
        ("ICIC", [(3, 0)], 4_000_00),
        ("PUNB", [(2, 0)], 1_500_00),
    ]


async def test_rows_are_their_banks_answers_and_say_that_a_workbook_told_it(bench: Bench) -> None:
    number = ack()
    await take(bench, workbook(number, rrn()))
    lines = await opened_rows(bench.ctx, "answer", "WHERE case_no = $1 ORDER BY answer_id", number)
    told = [(line["institution"], line["raw"], line["flags"]) for line in lines]
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


async def test_low_rows_of_a_workbook_are_logged_with_the_officer_who_imported_them(bench: Bench) -> None:
    number = ack()
    await take(bench, workbook(number, rrn()))
    told = await bench.rows(
        "SELECT DISTINCT actor, data ->> 'institution' FROM case_event WHERE case_no = $1 AND kind = 'answer_received'"
        " ORDER BY 2",
        number,
    )
    assert told == [("import:a", "HDFC"), ("import:a", "PUNB")]


async def test_a_workbook_names_no_victim(bench: Bench) -> None:
    number = ack()
    outcome = await take(bench, workbook(number, rrn()))
    assert await bench.victims(number) == [PersonalData(name="not stated", mobile=NO_MOBILE)]
    districts = "SELECT v.district FROM victim v JOIN complaint USING (victim_id) WHERE case_no = $1"
    assert await bench.rows(districts, number) == [("not stated",)]
    assert "odd_mobile" in {flag.code for flag in outcome.flags}


async def test_the_workflow_starts_with_what_the_workbook_left_open(bench: Bench) -> None:
    number = ack()
    told: list[FollowUp] = []
    done: list[int] = []
    reading = workbook(number, rrn())
    await take_trails(bench.ctx, [reading], taken_by="import:a", follow=told.append, progress=done.append)
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
    await take_trails(bench.ctx, [workbook(number, rrn())], taken_by="import:a", follow=told.append)
    log = await bench.value("SELECT string_agg(data::text, ' ') FROM case_event WHERE case_no = $1", number)
    for text in (log, *(one.model_dump_json() for one in told)):
        assert found_in(text) == []
        assert not any(account in text for account in ("0000000000", "0010000000", "0020000000", "absconding"))


# -- again, and more -------------------------------------------------------------------------------------------


async def everything(bench: Bench, case_no: str) -> list[Any]:
    """How many rows every table has of a case."""
    tables = ("hop", "ledger_entry", "case_event", "answer", "discrepancy", "case_news", "complaint", "desk_task")
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
    assert await bench.discrepancies(number) == []


async def test_what_a_bank_stated_over_the_wire_is_known_when_stated_differently(bench: Bench) -> None:
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
    assert [victim.mobile for victim in await bench.victims(number)] == ["9876500000"] * 2
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


async def test_l2_a_workbook_with_a_number_of_ours_joins_no_strangers_case(bench: Bench) -> None:
    """The portal gave a number that we gave before: the rows are a case of their own, now and at the next import."""
    ours = await bench.complain(transfer(1_000_00))
    before = await everything(bench, ours)
    first, second, last = rrn(), rrn(), rrn()
    rows = [moved(1, first, first, 2_000, ack_no=ours), moved(2, first, second, 500, ack_no=ours)]
    outcome = await take(bench, read(sheet(TRANSFER, *rows)))
    own = outcome.case_no
    assert (own not in {ours, None}, outcome.opened, codes(outcome)) == (True, True, [])
    assert "number_of_ours" in [flag.code for flag in outcome.flags]
    assert await everything(bench, ours) == before
    assert await bench.rows("SELECT ack_no FROM request_pause WHERE ack_no IN ($1, $2)", ours, own) == []
    more = [*rows, moved(1, last, last, 300, ack_no=ours)]
    again = await take(bench, read(sheet(TRANSFER, *more)))
    assert (again.case_no, again.opened, again.count(Fate.OPENED), again.count(Fate.KNOWN)) == (own, False, 1, 2)
    assert await everything(bench, ours) == before


async def test_l2_a_workbook_of_a_strangers_number_without_a_first_layer_says_nothing_there(bench: Bench) -> None:
    ours = await bench.complain(transfer(1_000_00))
    before = await everything(bench, ours)
    outcome = await take(bench, read(sheet(Sheet.HOLD, said(rrn(), 5, ack_no=ours))))
    assert (outcome.case_no, [code for _, _, code in codes(outcome)]) == (None, ["no_case"])
    assert await everything(bench, ours) == before


async def test_l2_a_workbook_about_a_number_of_ours_is_known_by_its_references(bench: Bench) -> None:
    root, other = rrn(), rrn()
    ours = await bench.complain(transfer(1_000_00, reference=root))
    rows = [moved(1, root, root, 1_000, ack_no=ours), moved(1, other, other, 400, ack_no=ours)]
    outcome = await take(bench, read(sheet(TRANSFER, *rows)))
    assert (outcome.case_no, outcome.opened, codes(outcome)) == (ours, False, [])
    assert len(await bench.hops(ours)) == 2


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


async def test_rows_about_a_merged_case_are_taken_there(bench: Bench) -> None:
    number, theirs, own, shared = ack(), ack(), rrn(), rrn()
    await bench.complain(transfer(800_00, reference=own), ack_no=number)
    await bench.complain(transfer(700_00, reference=shared), ack_no=theirs)
    why = "one victim called twice"
    merged, _ = await case_merges.merge(bench.ctx, number, NewMerge(other_ack_no=theirs, reason=why), "officer:one")
    if merged.state is MergeState.PROPOSED:
        await case_merges.agree(bench.ctx, number, merged.merge_id, why, "officer:two")
    of = {"ack_no": number}
    transfers = sheet(TRANSFER, moved(1, own, own, 800, **of), moved(1, shared, shared, 700, **of))
    outcome = await take(bench, read(transfers, sheet(Sheet.HOLD, said(own, 100, **of), said(shared, 500, **of))))
    assert codes(outcome) == []
    assert (outcome.case_no, outcome.count(Fate.KNOWN), outcome.count(Fate.APPLIED)) == (number, 2, 2)
    await bench.check(theirs)
    for case_no, held in ((number, 100_00), (theirs, 500_00)):
        assert (await bench.buckets(case_no))["held"] == held
        assert "trail_imported" in await bench.events(case_no)
        assert await bench.value("SELECT count(*) FROM request_pause WHERE ack_no = $1", case_no) == 0
    assert any(theirs in note.message for note in outcome.notes)


async def test_d3_small_amounts_without_a_sum_answer_the_request_of_their_hop(bench: Bench) -> None:
    number, root = ack(), rrn()
    await bench.complain(transfer(10_000_00, reference=root), ack_no=number)
    await bench.ask_one(number)
    small = sheet(Sheet.SMALL, said(root, None, account="50100000000001", ack_no=number))
    outcome = await take(bench, read(small))
    assert (outcome.count(Fate.APPLIED), codes(outcome)) == (1, [])
    assert await bench.buckets(number) == {"lost": -10_000_00, "untraced": 10_000_00}
    assert await bench.hops(number) == ["closed"]
    assert await bench.value("SELECT state FROM hold_request WHERE case_no = $1", number) == "answered"
    assert await bench.tasks(number) == [("read_answer", 1)]
    # The bank finds the money after all: what was written off is placed.
    await bench.answer("HDFC", number, line(1, root, "4000"))
    assert (await bench.buckets(number))["held"] == 4_000_00
    assert (await take(bench, read(small))).count(Fate.KNOWN) == 1
    assert (await bench.buckets(number))["held"] == 4_000_00
    await bench.check(number)


# -- what does not fit -----------------------------------------------------------------------------------------


async def test_more_than_the_parent_has_is_a_discrepancy_with_both_figures(bench: Bench) -> None:
    number, root = ack(), rrn()
    outcome = await take(
        bench,
        read(
            sheet(TRANSFER, moved(1, root, root, 1_000, ack_no=number), moved(2, root, "N1", 800, ack_no=number)),
            sheet(Sheet.HOLD, said(root, 500, ack_no=number)),
        ),
    )
    (found,) = [used for used in outcome.used if used.fate is Fate.DISCREPANCY]
    assert (found.discrepancy, found.claimed_paise, found.applied_paise) == ("held_and_gone", 500_00, 200_00)
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


async def test_b6_an_app_that_acts_on_a_upi_address_at_another_bank_costs_no_row(bench: Bench) -> None:
    number, root = ack(), rrn()
    of, address = {"ack_no": number}, "someone@axl"
    outcome = await take(
        bench,
        read(
            sheet(
                TRANSFER,
                moved(1, root, root, 1_000, payee_account=address, **of),
                moved(2, root, "N1", 900, account=address, action_by="PUNB", **of),
                moved(3, "N1", "N2", 500, **of),
            ),
            sheet(Sheet.HOLD, said(root, 100, account=address, action_by="PUNB", **of)),
        ),
    )
    assert (codes(outcome), len(outcome.used)) == ([], 4)
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
    (found,) = [used for used in outcome.used if used.fate is Fate.DISCREPANCY]
    assert found.discrepancy == "another_banks_hop"


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

    async def fails_at_the_second(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise asyncpg.InterfaceError("gone")
        return await take_update(*arguments, **more)

    monkeypatch.setattr(trail_import, "take_status_update", fails_at_the_second)
    stopped = await take(bench, reading)
    assert "gone" in stopped.stopped
    assert (len(stopped.used), len(stopped.waiting)) == (9, 2)
    resumed = await take(bench, reading)
    assert not resumed.stopped
    assert (resumed.count(Fate.KNOWN), resumed.count(Fate.APPLIED)) == (9, 2)
