"""A bank's list beside the ledger: every row is matched or differs, and what the list lacks is named."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case.complaint_rows import SheetRow
from domain.gateway.liens import Comparison, Transfer, compare, read_liens, slot_of
from domain.spreadsheets import FileRefused
from schemas.enums import Reason
from schemas.gateway.liens import ListedLien
from tests.each import each

CASES = {"A1": "A1", "A2": "A1", "B1": "B1"}
HELD = {Transfer("A1", "R1"): 500, Transfer("A1", "R2"): 0, Transfer("B1", "R3"): 70}


def lien(ack_no: str, reference: str, paise: int, row_no: int = 1, fault: str = "") -> ListedLien:
    return ListedLien(row_no=row_no, ack_no=ack_no, reference=reference, amount_paise=paise, fault=fault)


def reasons(comparison: Comparison) -> list[tuple[int | None, Reason]]:
    return [(one.row_no, one.reason) for one in comparison.differences]


def test_a_list_that_is_right_differs_in_nothing() -> None:
    # Two liens on one transfer, told under both numbers of its case; the reference as a spreadsheet dresses it.
    found = compare([lien("A1", "R1", 200), lien("A2", " r-1", 300, 2), lien("B1", "R3", 70, 3)], CASES, HELD)
    assert (found.rows_in, found.rows_matched, found.rows_differing, found.differences) == (3, 3, 0, ())
    assert (found.bank_paise, found.our_paise) == (570, 570)


@each(
    ("row", "reason"),
    [
        (lien("ZZ", "R1", 500), Reason.UNKNOWN_CASE),
        (lien("A1", "R9", 500), Reason.UNKNOWN_REFERENCE),
        (lien("B1", "R1", 500), Reason.UNKNOWN_REFERENCE),
        (lien("A1", "R2", 500), Reason.NOT_HELD_BY_US),
        (lien("A1", "R1", 499), Reason.AMOUNT_DIFFERS),
        (lien("A1", "R1", 0, fault="no amount"), Reason.UNREADABLE),
    ],
)
def test_a_row_that_differs_says_why(row: ListedLien, reason: Reason) -> None:
    found = compare([row], CASES, HELD)
    assert (found.rows_in, found.rows_matched, found.rows_differing) == (1, 0, 1)
    assert reasons(found)[0] == (1, reason)


def test_both_amounts_are_told_and_every_part_differs() -> None:
    found = compare([lien("A1", "R1", 200), lien("A1", "R1", 100, 2)], CASES, HELD)
    assert [(one.row_no, one.bank_paise, one.our_paise) for one in found.differences[:2]] == [
        (1, 300, 500),
        (2, 300, 500),
    ]


def test_what_the_list_lacks_is_named() -> None:
    found = compare([lien("B1", "R3", 70)], CASES, HELD)
    (missing,) = found.differences
    assert (missing.reason, missing.row_no, missing.ack_no, missing.reference, missing.our_paise) == (
        Reason.MISSING_AT_BANK,
        None,
        "A1",
        "R1",
        500,
    )
    assert (found.missing, found.rows_differing) == (1, 0)


ROWS = st.builds(
    lien,
    st.sampled_from(["A1", "A2", "B1", "ZZ", ""]),
    st.sampled_from(["R1", "R2", "R3", "R9", ""]),
    st.sampled_from([0, 70, 200, 300, 500]),
    st.integers(1, 99),
    st.sampled_from(["", "", "no amount"]),
)


@given(st.lists(ROWS, max_size=12))
def test_rows_always_add_up(rows: list[ListedLien]) -> None:
    found = compare(rows, CASES, HELD)
    told = [one for one in found.differences if one.row_no is not None]
    assert found.rows_in == len(rows) == found.rows_matched + len(told)
    assert found.rows_differing == len(told)
    assert found.missing == len(found.differences) - len(told)


# -- the sheet -------------------------------------------------------------------------------------------------


def sheet(*rows: list[object]) -> list[SheetRow]:
    return [SheetRow(number, cells) for number, cells in enumerate(rows, start=1)]  # type: ignore[arg-type]


def test_a_list_is_read_below_its_titles_and_above_its_total() -> None:
    rows = sheet(
        ["Liens of October"],
        [],
        ["S.No", "Ack. No.", "RRN / UTR", "Lien Amount (Rs)"],
        [1, "31204260000017", "610212345678", "1,25,000.50"],
        ["", "", "", ""],
        [2, 31204260000018, 610212345679, 70],
        ["Total", "", "", "1,25,070.50"],
    )
    assert [(one.row_no, one.ack_no, one.reference, one.amount_paise, one.fault) for one in read_liens(rows)] == [
        (4, "31204260000017", "610212345678", 12_500_050, ""),
        (6, "31204260000018", "610212345679", 7_000, ""),
    ]


@each(
    ("cells", "fault"),
    [
        (["31204260000017", "610212345678", "five"], "amount on hold"),
        (["31204260000017", "610212345678", ""], "amount on hold"),
        (["31204260000017", "", "5"], "no RRN or UTR"),
        (["", "610212345678", "5"], "no acknowledgement number"),
        (["3.12043E+13", "610212345678", "5"], "has lost digits"),
        (["31204260000017"], "amount on hold"),
    ],
)
def test_a_row_that_cannot_be_read_is_kept_with_its_fault(cells: list[object], fault: str) -> None:
    (found,) = read_liens(sheet(["ack no", "rrn", "amount"], cells))
    assert fault in found.fault
    assert (found.row_no, found.amount_paise) == (2, 0)


def test_a_sheet_without_the_columns_is_refused() -> None:
    with pytest.raises(FileRefused, match="RRN or UTR"):
        read_liens(sheet(["ack no", "amount"], ["1", "2"]))
    with pytest.raises(FileRefused, match="header"):
        read_liens([])


# -- what was told while the list was on its way -----------------------------------------------------------------------


@each("paise", [500, 300])
def test_a_list_may_be_right_now_or_when_it_was_drawn_up(paise: int) -> None:
    rows = [lien("A1", "R1", paise), lien("B1", "R3", 70, 2)]
    found = compare(rows, CASES, HELD, {Transfer("A1", "R1"): 300})
    assert (found.rows_matched, found.differences, found.our_paise) == (2, (), 570)


def test_a_sum_that_was_never_ours_differs_all_the_same() -> None:
    rows = [lien("A1", "R1", 400), lien("B1", "R3", 70, 2)]
    found = compare(rows, CASES, HELD, {Transfer("A1", "R1"): 300})
    assert reasons(found) == [(1, Reason.AMOUNT_DIFFERS)]


def test_a_hold_that_is_younger_than_the_list_is_not_missing_in_it() -> None:
    assert reasons(compare([], CASES, HELD, {Transfer("A1", "R1"): 0})) == [(None, Reason.MISSING_AT_BANK)]
    assert compare([], CASES, {Transfer("A1", "R1"): 500}, {Transfer("A1", "R1"): 0}).differences == ()


def test_a_hold_that_was_released_since_is_no_fault_of_the_lists() -> None:
    held = {Transfer("A1", "R1"): 0}
    assert compare([lien("A1", "R1", 500)], CASES, held, {Transfer("A1", "R1"): 500}).differences == ()
    assert reasons(compare([lien("A1", "R1", 500)], CASES, held)) == [(1, Reason.NOT_HELD_BY_US)]


# -- when a bank is asked ----------------------------------------------------------------------------------------------

DAY = 86_400.0
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CODES = st.from_regex(r"[A-Z0-9_]{2,20}", fullmatch=True)


@given(CODES, MOMENTS, st.sampled_from([3600.0, DAY, 7 * DAY]), st.sampled_from([0.0, 900.0, 14_400.0]))
def test_a_slot_holds_the_moment_and_all_of_it_is_one_slot(
    code: str, now: datetime, every: float, spread: float
) -> None:
    slot = slot_of(code, now, every, spread)
    assert slot <= now < slot + timedelta(seconds=every)
    assert slot_of(code, slot, every, spread) == slot
    assert slot_of(code, slot + timedelta(seconds=every), every, spread) == slot + timedelta(seconds=every)


def test_banks_are_not_all_asked_at_once() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    slots = [slot_of(f"B{number}", now, DAY, 14_400.0) for number in range(400)]
    quarters = [sum(slot.hour == hour for slot in slots) for hour in range(4)]
    assert sum(quarters) == 400
    assert min(quarters) > 60
    assert {slot_of(code, now, DAY, 0.0) for code in ("A", "B")} == {datetime(2026, 11, 24, tzinfo=UTC)}
