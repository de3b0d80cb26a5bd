"""Opaque cursors: each holds the sort key of a page's last row.

The last page then costs no more to read than the first.
"""

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
    """Return the cursor of the position after the row with this sort key."""
    return urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def from_cursor(cursor: str, *kinds: type[Key]) -> tuple[Key, ...]:
    """Return the sort key in a cursor, checked to be of `kinds`. Raises `BadCursor`."""
    try:
        if len(cursor) > CURSOR_MAX_CHARS:
            raise ValueError
        key = orjson.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise BadCursor from None
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise BadCursor
    if any(isinstance(part, str) and "\0" in part for part in key):
        raise BadCursor  # PostgreSQL cannot store NUL
    return tuple(key)


def int_after(cursor: str | None) -> int:
    """Return the key in the cursor of a list ordered by one number; 0, before every row, without a cursor."""
    if cursor is None:
        return 0
    (key,) = from_cursor(cursor, int)
    number = int(key)
    if not 0 <= number < 2**63:
        raise BadCursor
    return number


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """Return the page out of `limit + 1` fetched rows, and whether another page follows."""
    return rows[:limit], len(rows) > limit
