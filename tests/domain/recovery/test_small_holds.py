"""Which small holds are put before a person."""

from domain.recovery.holds import SmallHold, is_small
from tests.each import each


@each(
    ("held", "elsewhere", "balance", "small"),
    [
        (150, 0, 1_150, True),
        (150, 0, 1_149, False),
        (150, 0, 150, False),
        (150, 0, -20, False),
        (150, 0, None, True),
        (150, 1, 9_000, False),
        (150, 1, None, False),
        (499, 0, None, True),
        (500, 0, None, False),
        (500, 0, 90_000, False),
    ],
)
def test_small_is_a_little_on_an_account_with_other_business(
    held: int, elsewhere: int, balance: int | None, small: bool
) -> None:
    hold = SmallHold(held_paise=held, elsewhere_paise=elsewhere, balance_paise=balance)
    assert is_small(hold, 500, 1_000) is small
