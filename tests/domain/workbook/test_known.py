"""Which rows of a workbook are news, and which tell again what a bank has told."""

from datetime import UTC, datetime, timedelta

from domain.workbook.known import EarlierLine, EarlierLines, OnwardHop, Verdict
from schemas.enums import ClaimKind
from tests.domain.trail_model import claim
from tests.each import each

AT = datetime(2026, 11, 5, 8, 30, tzinfo=UTC)
MIDNIGHT_IN_INDIA = datetime(2026, 11, 4, 18, 30, tzinfo=UTC)
HOPS = frozenset({1})


def told(
    kind: ClaimKind = ClaimKind.WITHDRAWN, paise: int = 100, reference: str = "", at: datetime | None = AT
) -> EarlierLine:
    return EarlierLine(f"{kind}{paise}{reference}{at}", kind, frozenset({1, 2}), reference, paise, paise, at)


def judge(
    line: EarlierLine,
    kind: ClaimKind = ClaimKind.WITHDRAWN,
    paise: int = 100,
    reference: str = "",
    at: datetime | None = AT,
) -> Verdict:
    said = claim(kind, "R1", paise, reference=reference).model_copy(update={"occurred_at": at})
    (verdict,) = EarlierLines([line], []).judge([(said, HOPS)])
    return verdict


@each(
    ("at", "verdict"),
    [
        (AT + timedelta(minutes=9), Verdict.KNOWN),
        (AT + timedelta(minutes=11), Verdict.NEWS),
        (None, Verdict.KNOWN),
        (MIDNIGHT_IN_INDIA, Verdict.KNOWN),
        (MIDNIGHT_IN_INDIA - timedelta(days=1), Verdict.NEWS),
    ],
)
def test_cash_of_the_same_sum_is_told_apart_by_its_time(at: datetime | None, verdict: Verdict) -> None:
    assert judge(told(), at=at) is verdict
    assert judge(told(at=at)) is verdict


def test_a_hold_is_the_same_whatever_its_time() -> None:
    assert judge(told(ClaimKind.HELD), ClaimKind.HELD, at=AT + timedelta(days=3)) is Verdict.KNOWN
    assert judge(told(ClaimKind.HELD), ClaimKind.HELD, 99) is Verdict.NEWS


def test_references_decide_where_both_tell_one() -> None:
    assert judge(told(reference="A1"), reference="A2") is Verdict.NEWS
    assert judge(told(reference="A1"), reference="a-1", at=None) is Verdict.KNOWN
    assert judge(told(reference="A1"), paise=101, reference="A1") is Verdict.OTHER_FIGURES
    assert judge(told(reference="A1")) is Verdict.KNOWN


def test_other_hops_and_other_kinds_are_other_money() -> None:
    assert judge(told(ClaimKind.SPENT)) is Verdict.NEWS
    said = claim(ClaimKind.WITHDRAWN, "R1", 100)
    assert EarlierLines([told()], []).judge([(said, frozenset({3}))]) == [Verdict.NEWS]
    assert judge(told(ClaimKind.REFUSED), ClaimKind.UNKNOWN) is Verdict.KNOWN


def test_one_line_stands_for_one_row() -> None:
    said = [claim(ClaimKind.HELD, "R1", 100, account=f"A{n}") for n in range(3)]
    assert EarlierLines([told(ClaimKind.HELD)], []).judge([(one, HOPS) for one in said]) == [
        Verdict.KNOWN,
        Verdict.NEWS,
        Verdict.NEWS,
    ]


def test_what_is_stated_literally_stands_for_itself() -> None:
    """It is left to the reconciliation, and no other row is taken for it."""
    same, other = claim(ClaimKind.HELD, "R1", 100), claim(ClaimKind.HELD, "R1", 100, account="A9")
    line = EarlierLine(same.natural_key, ClaimKind.HELD, HOPS, "", 100, 100, AT)
    assert EarlierLines([line], []).judge([(other, HOPS), (same, HOPS)]) == [Verdict.NEWS, Verdict.NEWS]


def test_a_transfer_is_known_by_the_hops_it_opened() -> None:
    below = [OnwardHop(1, "N1", 60), OnwardHop(1, "N1", 40), OnwardHop(7, "N1", 500)]

    def verdict(paise: int) -> Verdict:
        said = claim(ClaimKind.MOVED, "R1", paise, reference="N1", payee="PUNB")
        return EarlierLines([], below).judge([(said, HOPS)])[0]

    assert [verdict(paise) for paise in (99, 100, 101)] == [Verdict.KNOWN, Verdict.KNOWN, Verdict.OTHER_FIGURES]
