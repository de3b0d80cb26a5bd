import pytest

from workers.iso_text import duration, grouped, rupees, size


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (99_999, "99,999"),
        (100_000, "1,00,000"),
        (12_500_000, "1,25,00,000"),
        (1_234_567_890, "1,23,45,67,890"),
        (-100_000, "-1,00,000"),
    ],
)
def test_indian_grouping(number: int, words: str) -> None:
    assert grouped(number) == words


def test_rupees() -> None:
    assert rupees(12_500_000_00) == "₹1,25,00,000"
    assert rupees(149) == "₹1"
    assert rupees(150) == "₹2"
    assert rupees(12_345_05, exact=True) == "₹12,345.05"
    assert rupees(-500_00) == "-₹500"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.045, "45 ms"),
        (3.21, "3.2 s"),
        (59.99, "1 min 0 s"),
        (250, "4 min 10 s"),
        (7_500, "2 h 5 min"),
        (200_000, "2.3 days"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_sizes() -> None:
    assert size(150 * 1024**2) == "150 MB"
