"""A bank's word on an order: booked once, within the order, and to the account that it names."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.confirming import Ordered, judge, natural_key
from schemas.enums import ContradictionKind
from schemas.orders import Beneficiary, ConfirmedLine
from schemas.restoration_enums import OrderKind

DUE = datetime(2026, 3, 1, tzinfo=UTC)
VICTIM = Beneficiary(institution="SBIN", holder="000123456789")
ORDERED = Ordered(amount_paise=1000_00, confirmed_paise=0, beneficiary=VICTIM)


def said(paise: int = 1000_00, reference: str = "UTR1", days: int = -1, account: str = "") -> ConfirmedLine:
    return ConfirmedLine(
        line_no=1,
        amount_paise=paise,
        done_at=DUE + timedelta(days=days),
        reference=reference,
        credited_account=account,
    )


def test_the_whole_in_time_is_booked() -> None:
    judged = judge(OrderKind.RESTORE, DUE, ORDERED, said(), 1000_00, set())
    assert (judged.disposition, judged.applied_paise, judged.flags) == ("applied", 1000_00, ())


def test_a_part_is_booked_and_the_rest_is_waited_for() -> None:
    judged = judge(OrderKind.RESTORE, DUE, ORDERED, said(400_00), 1000_00, set())
    assert (judged.disposition, judged.applied_paise, judged.flags) == ("applied", 400_00, ("partial",))


def test_what_comes_late_is_booked_and_said_to_be_late() -> None:
    judged = judge(OrderKind.RESTORE, DUE, ORDERED, said(days=1), 1000_00, set())
    assert (judged.disposition, judged.flags) == ("applied", ("late",))


def test_the_same_reference_again_is_the_same_credit() -> None:
    first = judge(OrderKind.RESTORE, DUE, ORDERED, said(400_00), 1000_00, set())
    again = judge(OrderKind.RESTORE, DUE, ORDERED, said(400_00, "utr1"), 600_00, {first.natural_key})
    assert (again.disposition, again.applied_paise) == ("duplicate", 0)


@pytest.mark.parametrize(
    ("ordered", "told", "held_paise", "kind", "applied_paise"),
    [
        (ORDERED, said(1500_00), 1000_00, ContradictionKind.CREDITED_ABOVE_ORDER, 1000_00),
        (ORDERED, said(), 300_00, ContradictionKind.CREDITED_ABOVE_ORDER, 300_00),
        (
            ORDERED.model_copy(update={"confirmed_paise": 1000_00}),
            said(reference="UTR2"),
            0,
            ContradictionKind.CREDITED_TWICE,
            0,
        ),
        (ORDERED, said(account="999"), 1000_00, ContradictionKind.CREDITED_ELSEWHERE, 0),
    ],
)
def test_what_the_order_does_not_cover_is_for_a_person(
    ordered: Ordered, told: ConfirmedLine, held_paise: int, kind: ContradictionKind, applied_paise: int
) -> None:
    judged = judge(OrderKind.RESTORE, DUE, ordered, told, held_paise, set())
    assert (judged.disposition, judged.contradiction, judged.applied_paise) == ("contradiction", kind, applied_paise)


def test_an_account_is_the_same_however_it_is_padded() -> None:
    assert judge(OrderKind.RESTORE, DUE, ORDERED, said(account="123456789"), 1000_00, set()).disposition == "applied"


def test_a_release_credits_nobody() -> None:
    ordered = ORDERED.model_copy(update={"beneficiary": None})
    assert judge(OrderKind.RELEASE, DUE, ordered, said(account="999"), 1000_00, set()).disposition == "applied"


_WORDS = st.lists(
    st.builds(
        said,
        paise=st.integers(1, 2000_00),
        reference=st.sampled_from(["", "A", "B", "C"]),
        days=st.integers(-3, 3),
        account=st.sampled_from(["", "123456789", "999"]),
    ),
    max_size=12,
)


@given(words=_WORDS, amount_paise=st.integers(1, 1500_00), held_paise=st.integers(0, 1500_00))
def test_whatever_a_bank_says_nothing_beyond_the_order_or_the_hold_is_booked(
    words: list[ConfirmedLine], amount_paise: int, held_paise: int
) -> None:
    known: set[str] = set()
    confirmed_paise = 0
    for word in words:
        ordered = Ordered(amount_paise=amount_paise, confirmed_paise=confirmed_paise, beneficiary=VICTIM)
        judged = judge(OrderKind.RESTORE, DUE, ordered, word, held_paise - confirmed_paise, known)
        assert (judged.contradiction is not None) == (judged.disposition == "contradiction")
        assert (natural_key(word) in known) == (judged.disposition == "duplicate")
        known.add(judged.natural_key)
        confirmed_paise += judged.applied_paise
    assert confirmed_paise <= min(amount_paise, held_paise)
