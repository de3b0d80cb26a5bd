"""Cursors."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.paging import cut, from_cursor, int_after, to_cursor
from domain.errors import BadCursor
from tests.each import each


@given(st.integers(0, 2**63 - 1))
def test_a_number_comes_back(number: int) -> None:
    assert int_after(to_cursor(number)) == number


def test_a_key_of_several_parts_comes_back() -> None:
    assert from_cursor(to_cursor("2026-11-24T10:00:00+00:00", "x"), str, str) == ("2026-11-24T10:00:00+00:00", "x")


@given(st.text(max_size=300) | st.binary(max_size=100).map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_anything_else_is_refused_by_name(text: str) -> None:
    try:
        key = from_cursor(text, int, str)
    except BadCursor:
        return
    assert [type(part) for part in key] == [int, str]


@each("cursor", [to_cursor(-1), to_cursor(2**63), to_cursor("1"), to_cursor(1, 2), "", "WzEuNV0", "é"])
def test_a_number_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        int_after(cursor)


def test_one_row_too_many_means_there_are_more() -> None:
    assert cut([1, 2, 3], 2) == ([1, 2], True)
    assert cut([1, 2], 2) == ([1, 2], False)
