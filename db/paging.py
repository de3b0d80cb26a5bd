"""Opaque cursors: the sort key of the last row of a page, so that a page is as cheap at the end as at the start."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final, TypeVar

import orjson

from domain.errors import BadCursor

CURSOR_MAX_CHARS: Final = 200

Key = int | str
T = TypeVar("T")


def to_cursor(*key: Key) -> str:
    """The cursor that stands after the row with this sort key."""
    return urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def from_cursor(cursor: str, *kinds: type[Key]) -> tuple[Key, ...]:
    """The sort key in a cursor, checked to be of `kinds`. Raises `BadCursor`."""
    try:
        if len(cursor) > CURSOR_MAX_CHARS:
            raise ValueError
        key = orjson.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise BadCursor from None
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise BadCursor
    return tuple(key)


def int_after(cursor: str | None) -> int:
    """The key of a list that is ordered by one number; what stands before every row without a cursor."""
    if cursor is None:
        return 0
    (key,) = from_cursor(cursor, int)
    number = int(key)
    if not 0 <= number < 2**63:
        raise BadCursor
    return number


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """The page out of `limit + 1` rows that were asked for, and whether there is another after it."""
    return rows[:limit], len(rows) > limit
