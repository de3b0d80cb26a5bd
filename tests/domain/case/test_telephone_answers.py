"""Rules for what a bank says by telephone, and for what it states a second time over another way."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.case.telephone import booked_by, check_times, flags_of, hops_left, is_known_number
from domain.errors.case import CallBackTooFar, ToldBeforeRequest
from domain.errors.restoration import TimeInFuture
from schemas.case.answers import Booked, HopPosition, Reconciliation
from schemas.enums import Bucket, ClaimKind, DiscrepancyKind, Disposition
from tests.domain.trail_model import CaseModel, claim
from tests.each import each

HELD, MOVED, WITHDRAWN, SPENT = ClaimKind.HELD, ClaimKind.MOVED, ClaimKind.WITHDRAWN, ClaimKind.SPENT
NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Repeating(CaseModel):
    """A case of which the next answer may repeat what is booked, by hop and kind."""

    def __init__(self) -> None:
        super().__init__()
        self.stated: dict[int, dict[ClaimKind, int]] = {}

    def positions(self) -> list[HopPosition]:
        return [hop.model_copy(update={"stated_paise": self.stated.get(hop.hop_no, {})}) for hop in super().positions()]


def a_case(*stated: tuple[ClaimKind, int]) -> Repeating:
    """A case of ₹10 at HDFC, of which a first answer says that all of it is there as stated."""
    case = Repeating()
    case.lose("HDFC", "R1", 1000)
    for kind, paise in stated:
        onward, bank = ("R2", "ICIC") if kind is MOVED else ("", None)
        case.answer("HDFC", claim(kind, "R1", paise, account="first", reference=onward, payee=bank))
        case.stated.setdefault(2 if kind is MOVED else 1, {})[kind] = paise
    return case


def kinds(outcome: Reconciliation) -> list[Disposition]:
    return [judged.disposition for judged in outcome.judgements]


@each(
    ("called", "known"),
    [
        ("9876543210", True),
        ("+91 98765 43210", True),
        ("098765-43210", True),
        ("0522 (220) 1930", True),
        ("9876543211", False),
        ("43210", False),
        ("", False),
    ],
)
def test_a_number_is_known_however_it_is_written(called: str, known: bool) -> None:
    assert is_known_number(called, ["+91-9876543210", "05222201930", ""]) is known


def test_a_number_that_the_directory_lacks_is_a_flag_of_every_line() -> None:
    assert [flag.code for flag in flags_of(number_is_known=True)] == ["by_telephone"]
    assert [flag.code for flag in flags_of(number_is_known=False)] == ["by_telephone", "number_unknown"]


def test_a_call_is_neither_to_come_nor_older_than_its_request() -> None:
    assert check_times(NOW - MINUTE, None, NOW - 2 * MINUTE, NOW, 60) == NOW - MINUTE
    assert check_times(NOW + MINUTE, None, NOW - MINUTE, NOW, 60) == NOW, "a clock that is ahead a little"
    with pytest.raises(TimeInFuture):
        check_times(NOW + 10 * MINUTE, None, NOW, NOW, 60)
    with pytest.raises(ToldBeforeRequest):
        check_times(NOW - 10 * MINUTE, None, NOW, NOW, 60)


@each(("minutes", "fits"), [(-1, False), (0, False), (1, True), (60, True), (61, False)])
def test_a_call_back_is_to_come_and_in_time(minutes: int, fits: bool) -> None:
    due_at = NOW + minutes * MINUTE
    if fits:
        check_times(NOW, due_at, NOW - MINUTE, NOW, 3600)
    else:
        with pytest.raises(CallBackTooFar):
            check_times(NOW, due_at, NOW - MINUTE, NOW, 3600)


def test_what_an_answer_books_and_what_it_says_is_gone() -> None:
    case = a_case()
    outcome = case.answer(
        "HDFC",
        claim(HELD, "R1", 100),
        claim(WITHDRAWN, "R1", 200, reference="W1"),
        claim(WITHDRAWN, "R1", 100, reference="W2"),
        claim(MOVED, "R1", 400, reference="R2", payee="ICIC"),
    )
    assert booked_by(outcome) == [
        Booked(hop_no=1, kind=HELD, paise=100),
        Booked(hop_no=1, kind=WITHDRAWN, paise=300),
        Booked(hop_no=2, kind=MOVED, paise=400),
    ]
    assert hops_left(outcome) == {1}
    assert hops_left(case.answer("HDFC", claim(ClaimKind.REFUSED, "R1", code="01"))) == {1}


@each(("kind", "bucket"), [(HELD, Bucket.HELD), (WITHDRAWN, Bucket.WITHDRAWN), (SPENT, Bucket.SPENT)])
def test_what_was_stated_before_moves_nothing_and_contradicts_nothing(kind: ClaimKind, bucket: Bucket) -> None:
    case = a_case((kind, 1000))
    outcome = case.answer("HDFC", claim(kind, "R1", 1000, account="again"))
    assert (kinds(outcome), outcome.discrepancies) == ([Disposition.APPLIED], ())
    assert outcome.restated == (Booked(hop_no=1, kind=kind, paise=1000),)
    assert [judged.applied_paise for judged in outcome.judgements] == [0], "the ledger has it already"
    assert case.total(bucket) == 1000


def test_only_what_goes_beyond_the_first_statement_moves_money() -> None:
    case = a_case((HELD, 400))
    outcome = case.answer("HDFC", claim(HELD, "R1", 700, account="again"))
    assert (case.total(Bucket.HELD), case.total(Bucket.IN_PLAY)) == (700, 300)
    assert (outcome.restated, outcome.discrepancies) == ((Booked(hop_no=1, kind=HELD, paise=400),), ())


def test_a_repeat_counts_once() -> None:
    case = a_case((HELD, 1000))
    lines = [claim(HELD, "R1", 1000, account=name) for name in ("again", "and again")]
    outcome = case.answer("HDFC", *lines)
    assert kinds(outcome) == [Disposition.APPLIED, Disposition.DISCREPANCY]
    assert [found.kind for found in outcome.discrepancies] == [DiscrepancyKind.EXCEEDS_DISPUTED]


def test_a_statement_of_another_kind_is_no_repeat_and_the_hold_stands() -> None:
    case = a_case((HELD, 1000))
    outcome = case.answer("HDFC", claim(WITHDRAWN, "R1", 1000))
    assert [found.kind for found in outcome.discrepancies] == [DiscrepancyKind.HELD_AND_GONE]
    assert (case.total(Bucket.HELD), outcome.restated) == (1000, ())


def test_a_transfer_that_was_stated_before_is_the_same_hop() -> None:
    case = a_case((MOVED, 1000))
    again = claim(MOVED, "R1", 1000, account="again", reference="R2", payee="ICIC", payee_account="A8")
    outcome = case.answer("HDFC", again)
    assert (outcome.new_hops, outcome.discrepancies) == ((), ())
    assert outcome.restated == (Booked(hop_no=2, kind=MOVED, paise=1000),)
    (confirmed,) = outcome.confirmed
    assert [flag.code for flag in confirmed.flags] == ["bank_names_another_account"], "misheard, or another account"
    assert (confirmed.more_paise, case.balance(2, Bucket.IN_PLAY)) == (0, 1000)


def test_a_transfer_that_was_larger_than_stated_before_grows() -> None:
    case = a_case((MOVED, 600))
    again = claim(MOVED, "R1", 900, account="again", reference="R2", payee="ICIC")
    outcome = case.answer("HDFC", again)
    assert (outcome.new_hops, outcome.discrepancies) == ((), ())
    assert (case.balance(1, Bucket.IN_PLAY), case.balance(2, Bucket.IN_PLAY)) == (100, 900)
