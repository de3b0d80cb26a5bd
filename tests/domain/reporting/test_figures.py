"""Buckets, intervals and named rows of figures."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reporting.figures import BUCKETS_A_DOUBLING, FIRST_SECONDS, interval, named, seconds_of
from tests.each import each


@each(
    ("within", "judged", "low", "high"),
    [
        # The values of Newcombe, Statistics in Medicine 17 (1998), and of a table of Wilson's method.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_the_interval_is_wilsons(within: int, judged: int, low: float, high: float) -> None:
    assert interval(within, judged) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_has_no_interval() -> None:
    assert interval(0, 0) is None


@given(judged=st.integers(1, 10**7), share=st.floats(0, 1))
def test_an_interval_holds_its_share_and_narrows_with_the_number(judged: int, share: float) -> None:
    within = round(judged * share)
    found, of_ten_times = interval(within, judged), interval(within * 10, judged * 10)
    assert found is not None
    assert of_ten_times is not None
    low, high = found
    assert 0 <= low <= within / judged <= high <= 1
    assert of_ten_times[1] - of_ten_times[0] < high - low


@given(seconds=st.floats(FIRST_SECONDS * 1.01, 4e8))
def test_the_middle_of_its_bucket_is_near_to_each_duration(seconds: float) -> None:
    bucket = math.ceil(BUCKETS_A_DOUBLING * math.log2(seconds / FIRST_SECONDS))
    assert abs(seconds_of(bucket) / seconds - 1) < 0.045


def test_no_duration_is_shorter_than_the_first_bucket() -> None:
    assert seconds_of(0) == FIRST_SECONDS


def test_keys_of_few_cases_have_no_row_of_their_own() -> None:
    cases = {"upi_fraud": 5, "a rare matter": 4, "loan": 9, "LALITPUR": 0}
    assert named(cases, 5, 100, {"LALITPUR"}) == {"upi_fraud", "loan", "LALITPUR"}
    assert named(cases, 5, 1, {"LALITPUR"}) == {"loan"}
    assert named(cases, 10, 100) == frozenset()
