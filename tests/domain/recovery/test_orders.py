"""A bank's statement on an order: booked once, within the order, and to the account that it names."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.recovery.orders import Judged, Ordered, Statement, Via, judge
from schemas.enums import DiscrepancyKind
from schemas.recovery.orders import Beneficiary, ConfirmedLine
from schemas.restoration_enums import OrderKind
from tests.each import each

DUE = datetime(2026, 3, 1, tzinfo=UTC)
VICTIM = Beneficiary(institution="SBIN", holder="000123456789")
ORDERED = Ordered(amount_paise=1000_00, confirmed_paise=0, beneficiary=VICTIM)


def said(
    paise: int = 1000_00, reference: str = "UTR1", days: int = -1, account: str = "", bank: str = ""
) -> ConfirmedLine:
    return ConfirmedLine(
        line_no=1,
        amount_paise=paise,
        done_at=DUE + timedelta(days=days),
        reference=reference,
        credited_account=account,
        credited_institution=bank,
    )


def statement(told: ConfirmedLine, judged: Judged, via: Via = Via.DOOR) -> Statement:
    return Statement(
        natural_key=judged.natural_key,
        applied_paise=judged.applied_paise,
        disposition=judged.disposition,
        via=via,
        **told.model_dump(exclude={"done_at"}),
    )


def judged_in_turn(*statements: tuple[ConfirmedLine, Via]) -> list[Judged]:
    """Statements on ₹1,000, one after the other."""
    known: list[Statement] = []
    confirmed_paise = 0
    found = []
    for told, via in statements:
        ordered = ORDERED.model_copy(update={"confirmed_paise": confirmed_paise})
        judged = judge(OrderKind.RESTORE, DUE, ordered, told, 1000_00 - confirmed_paise, known, via)
        known.append(statement(told, judged, via))
        confirmed_paise += judged.applied_paise
        found.append(judged)
    return found


def dispositions(*statements: tuple[ConfirmedLine, Via]) -> list[str]:
    return [judged.disposition for judged in judged_in_turn(*statements)]


def test_the_whole_in_time_is_booked() -> None:
    judged = judge(OrderKind.RESTORE, DUE, ORDERED, said(), 1000_00, [])
    assert (judged.disposition, judged.applied_paise, judged.flags) == ("applied", 1000_00, ())


def test_a_part_is_booked_and_the_rest_is_waited_for() -> None:
    judged = judge(OrderKind.RESTORE, DUE, ORDERED, said(400_00), 1000_00, [])
    assert (judged.disposition, judged.applied_paise, judged.flags) == ("applied", 400_00, ("partial",))


def test_what_comes_late_is_booked_and_said_to_be_late() -> None:
    judged = judge(OrderKind.RESTORE, DUE, ORDERED, said(days=1), 1000_00, [])
    assert (judged.disposition, judged.flags) == ("applied", ("late",))


def test_the_same_reference_again_is_the_same_credit() -> None:
    first = judge(OrderKind.RESTORE, DUE, ORDERED, said(400_00), 1000_00, [])
    again = judge(OrderKind.RESTORE, DUE, ORDERED, said(400_00, "utr1"), 600_00, [statement(said(400_00), first)])
    assert (again.disposition, again.applied_paise) == ("duplicate", 0)


@each(
    ("ordered", "told", "held_paise", "kind", "applied_paise"),
    [
        (ORDERED, said(1500_00), 1000_00, DiscrepancyKind.CREDITED_ABOVE_ORDER, 1000_00),
        (ORDERED, said(), 300_00, DiscrepancyKind.CREDITED_ABOVE_ORDER, 300_00),
        (
            ORDERED.model_copy(update={"confirmed_paise": 1000_00}),
            said(reference="UTR2"),
            0,
            DiscrepancyKind.CREDITED_TWICE,
            0,
        ),
        (ORDERED, said(account="999"), 1000_00, DiscrepancyKind.CREDITED_ELSEWHERE, 0),
        (ORDERED, said(account="123456789", bank="HDFC"), 1000_00, DiscrepancyKind.CREDITED_ELSEWHERE, 0),
    ],
)
def test_what_the_order_does_not_cover_is_for_a_person(
    ordered: Ordered, told: ConfirmedLine, held_paise: int, kind: DiscrepancyKind, applied_paise: int
) -> None:
    judged = judge(OrderKind.RESTORE, DUE, ordered, told, held_paise, [])
    assert (judged.disposition, judged.discrepancy, judged.applied_paise) == ("discrepancy", kind, applied_paise)


def test_an_account_is_the_same_however_it_is_padded() -> None:
    assert judge(OrderKind.RESTORE, DUE, ORDERED, said(account="123456789"), 1000_00, []).disposition == "applied"


def test_a_release_credits_no_victim() -> None:
    ordered = ORDERED.model_copy(update={"beneficiary": None})
    assert judge(OrderKind.RELEASE, DUE, ordered, said(account="999"), 1000_00, []).disposition == "applied"


_STATEMENTS = st.lists(
    st.builds(
        said,
        paise=st.integers(1, 2000_00),
        reference=st.sampled_from(["", "A", "B", "C"]),
        days=st.integers(-3, 3),
        account=st.sampled_from(["", "123456789", "999"]),
    ),
    max_size=12,
)


OFFICER, DOOR, FILE, LETTER = Via.OFFICER, Via.DOOR, Via.FILE, Via.LETTER


@each(
    ("statements", "expected"),
    [
        # The desk writes down a telephone call, then the bank's own statement comes; and the other way round.
        ([(said(300_00, ""), OFFICER), (said(300_00, "UTR1"), DOOR)], ["applied", "duplicate"]),
        ([(said(300_00, "UTR1"), DOOR), (said(300_00, ""), OFFICER)], ["applied", "duplicate"]),
        ([(said(300_00, ""), OFFICER), (said(300_00, "", 0), DOOR)], ["applied", "duplicate"]),
        ([(said(300_00, "LEFT-100000"), LETTER), (said(300_00, "UTR1"), FILE)], ["applied", "duplicate"]),
        # Each credit is known again once: the second instalment of the same sum is one of its own.
        (
            [(said(300_00, ""), OFFICER), (said(300_00, "UTR1"), DOOR), (said(300_00, "UTR2"), DOOR)],
            ["applied", "duplicate", "applied"],
        ),
        (
            [(said(300_00, ""), OFFICER), *[(said(300_00, "UTR1"), DOOR)] * 3, (said(300_00, "UTR2"), DOOR)],
            ["applied", "duplicate", "duplicate", "duplicate", "applied"],
        ),
        # Two names by two ways: the engine cannot tell, until two officers say so.
        ([(said(300_00, "UTR1"), LETTER), (said(300_00, "RTR-9"), FILE)], ["applied", "discrepancy"]),
        (
            [(said(300_00, "UTR1"), LETTER), *[(said(300_00, "RTR-9"), via) for via in (FILE, FILE, OFFICER, FILE)]],
            ["applied", "discrepancy", "duplicate", "applied", "duplicate"],
        ),
        # Two names by one way are two instalments, and so are two sums.
        ([(said(300_00, "UTR1"), DOOR), (said(300_00, "UTR2"), DOOR)], ["applied", "applied"]),
        ([(said(300_00, ""), OFFICER), (said(200_00, "UTR1"), DOOR)], ["applied", "applied"]),
    ],
)
def test_a_credit_that_is_told_under_two_names_is_booked_once(
    statements: list[tuple[ConfirmedLine, Via]], expected: list[str]
) -> None:
    assert dispositions(*statements) == expected


def test_a_mistyped_account_is_put_right_under_the_same_reference() -> None:
    wrong, right = said(account="999"), said(account="000123456789", bank="SBIN")
    assert dispositions(*[(told, DOOR) for told in (wrong, wrong, right, right, wrong)]) == [
        "discrepancy",
        "duplicate",
        "applied",
        "duplicate",
        "duplicate",
    ]


@each("first", list(Via))
@each("second", list(Via))
@each("paise", [200_00, 400_00])
def test_another_amount_under_the_reference_of_a_booked_credit_is_doubted_once(
    first: Via, second: Via, paise: int
) -> None:
    booked, other = (said(300_00, "UTR1"), first), (said(paise, "utr1"), second)
    again = (other[0], DOOR)
    found = judged_in_turn(booked, other, again, booked)
    assert [judged.disposition for judged in found] == ["applied", "discrepancy", "duplicate", "duplicate"]
    doubt = found[1]
    assert (doubt.discrepancy, doubt.applied_paise) == (DiscrepancyKind.CREDITED_OTHER_AMOUNT, 0)
    assert doubt.against_paise == 300_00, "both figures stand on it"


def test_two_officers_book_what_the_credit_was_more_once_the_bank_has_said_so() -> None:
    more, less = said(400_00), said(200_00)
    found = judged_in_turn((said(300_00), DOOR), (more, FILE), *[(more, OFFICER)] * 2, (more, DOOR))
    assert [(one.disposition, one.applied_paise) for one in found] == [
        ("applied", 300_00),
        ("discrepancy", 0),
        ("applied", 100_00),
        ("duplicate", 0),
        ("duplicate", 0),
    ]
    told = [(said(300_00), DOOR), (less, FILE), (less, OFFICER)]
    assert dispositions(*told) == [
        "applied",
        "discrepancy",
        "duplicate",
    ]


def test_a_bank_that_corrects_itself_to_what_is_booked_causes_no_discrepancy() -> None:
    found = judged_in_turn((said(1500_00), DOOR), (said(1000_00), DOOR))
    assert [one.disposition for one in found] == ["discrepancy", "duplicate"]


def test_a_booked_credit_that_is_said_to_have_gone_elsewhere_is_doubted() -> None:
    found = judged_in_turn(*[(told, DOOR) for told in (said(300_00), said(300_00, account="999"))])
    assert found[1].discrepancy is DiscrepancyKind.CREDITED_ELSEWHERE


@given(statements=_STATEMENTS, vias=st.lists(st.sampled_from(list(Via)), min_size=12, max_size=12))
def test_one_reference_is_booked_once_but_for_two_officers(statements: list[ConfirmedLine], vias: list[Via]) -> None:
    turns = list(zip(statements, vias, strict=False))
    booked: set[str] = set()
    for (told, via), judged in zip(turns, judged_in_turn(*turns), strict=True):
        name = told.reference.upper()
        assert not (name and judged.applied_paise and name in booked and via is not OFFICER)
        booked |= {name} if judged.applied_paise else set()


@given(statements=_STATEMENTS, vias=st.lists(st.sampled_from(list(Via)), min_size=12, max_size=12))
def test_a_statement_that_comes_again_changes_nothing(statements: list[ConfirmedLine], vias: list[Via]) -> None:
    turns = [(told, via) for told, via in zip(statements, vias, strict=False) if via is not OFFICER]
    twice = [turn for turn in turns for _ in range(2)]
    again = judged_in_turn(*twice)[1::2]
    assert all(judged.disposition == "duplicate" for judged in again)


@given(
    statements=_STATEMENTS,
    vias=st.lists(st.sampled_from(list(Via)), min_size=12, max_size=12),
    amount_paise=st.integers(1, 1500_00),
    held_paise=st.integers(0, 1500_00),
)
def test_whatever_a_bank_says_nothing_beyond_the_order_or_the_hold_is_booked(
    statements: list[ConfirmedLine], vias: list[Via], amount_paise: int, held_paise: int
) -> None:
    known: list[Statement] = []
    confirmed_paise = 0
    for told, via in zip(statements, vias, strict=False):
        ordered = Ordered(amount_paise=amount_paise, confirmed_paise=confirmed_paise, beneficiary=VICTIM)
        judged = judge(OrderKind.RESTORE, DUE, ordered, told, held_paise - confirmed_paise, known, via)
        assert (judged.discrepancy is not None) == (judged.disposition == "discrepancy")
        assert judged.disposition == "duplicate" or judged.natural_key not in {one.natural_key for one in known}
        known.append(statement(told, judged, via))
        confirmed_paise += judged.applied_paise
    assert confirmed_paise <= min(amount_paise, held_paise)
