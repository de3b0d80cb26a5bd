"""Reader of JSON from outside parties: exact, bounded, and without loss of values that it cannot use."""

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Final

from pydantic import JsonValue

from adapters.banks.answers import JsonObject, LineFlag, flagged
from adapters.banks.envelope import EnvelopeError, EnvelopeReason
from adapters.banks.i4c.values import AmountError, parse_rupees, parse_signed_rupees
from schemas.base import Flag

TEXT_MAX_CHARS: Final = 500
"""Longest free text accepted; a longer one is cut and flagged."""
IDENTIFIER_MAX_CHARS: Final = 64
"""Longest identifier accepted. A longer one makes its line unreadable, because half an identifier is a different one.
"""
DEPTH_MAX: Final = 6
"""Deepest nesting inside a line."""
VALUES_MAX: Final = 200
"""Most values, nested ones included, inside a line."""
RRN_DIGITS: Final = 12

_INTEGER_MAX_CHARS: Final = 18
_EXACT_FLOAT_MAX: Final = 2**53
# PostgreSQL can store neither in text or jsonb.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_NOTHING: Final = frozenset({"", "-", "na", "n/a", "nil", "none", "null"})


class ShapeError(ValueError):
    """The document does not have the agreed shape."""

    def __init__(self, field_name: str, reason: str) -> None:
        """Keep the field name and the reason. Both are our own text and never repeat the value."""
        super().__init__(f"{field_name}: {reason}")
        self.field_name = field_name
        self.reason = reason


def read_object(plaintext: bytes) -> JsonObject:
    """Return the JSON object in `plaintext`; a number that a float cannot hold exactly stays text.

    Raises EnvelopeError(UNDECIPHERABLE) if it is not JSON, like an envelope that cannot be opened (see
    `open_envelope`). Raises ShapeError if it is JSON but not an object, or names a key of an object twice: readers
    would choose different values.
    """
    try:
        document: JsonValue = json.loads(
            plaintext.decode("utf-8-sig"),
            parse_int=_integer,
            parse_float=_number,
            parse_constant=str,
            object_pairs_hook=_each_key_once,
        )
    except ShapeError:
        raise
    except (ValueError, RecursionError):
        raise EnvelopeError(EnvelopeReason.UNDECIPHERABLE) from None
    if not isinstance(document, dict):
        raise ShapeError("body", "must be a JSON object")
    return document


def tidy(value: JsonValue) -> tuple[JsonObject, bool]:
    """Return `value` as an object that the database can store, and whether a character was replaced.

    A value that is not an object is returned as {"value": …}. Raises ShapeError for the field "line" beyond DEPTH_MAX
    or VALUES_MAX.
    """
    cleaner = _Cleaner()
    clean = cleaner.clean(value, DEPTH_MAX)
    return clean if isinstance(clean, dict) else {"value": clean}, cleaner.repaired


class Fields:
    """Tolerant reader of the fields of one object; `flags` collects odd values."""

    def __init__(self, values: JsonObject) -> None:
        self._values = values
        self.flags: list[Flag] = []

    def flag(self, name: str, code: LineFlag) -> None:
        """Note that the value of field `name` is odd."""
        self.flags.append(flagged(name, code))

    def text(self, name: str) -> str:
        """Return a free text, cut at TEXT_MAX_CHARS; a number or list as JSON, an absent value as ""."""
        if self._absent(name):
            return ""
        value = self._values[name]
        text = value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if len(text) > TEXT_MAX_CHARS:
            self.flag(name, LineFlag.TEXT_CUT)
            text = text[:TEXT_MAX_CHARS]
        return text

    def code(self, name: str) -> str:
        """Return a code given as text or whole number. Raises ShapeError for any other or too long value."""
        if self._absent(name):
            return ""
        value = self._values[name]
        if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOAT_MAX:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ShapeError(name, "must be text or a whole number")
        text = str(value).strip()
        if len(text) > IDENTIFIER_MAX_CHARS:
            raise ShapeError(name, f"is longer than {IDENTIFIER_MAX_CHARS} characters")
        return text

    def identifier(self, name: str) -> str:
        """Return an account or reference like `code`. A number is flagged, because its leading zeros are lost."""
        text = self.code(name)
        if text and not isinstance(self._values[name], str):
            self.flag(name, LineFlag.NUMERIC_ID)
        return text

    def reference(self, name: str) -> str:
        """Return an RRN or UTR like `identifier`. A number is filled with zeros to the 12 digits of an RRN."""
        text = self.identifier(name)
        return text if isinstance(self._values.get(name), str | None) else text.zfill(RRN_DIGITS)

    def rupees(self, name: str) -> int | None:
        """Return paise, or None if the field is absent. Raises AmountError."""
        return None if self._absent(name) else parse_rupees(self._values[name])

    def balance(self, name: str) -> int | None:
        """Return signed paise; None if the field is absent or, with a flag, if it is not an amount."""
        if self._absent(name):
            return None
        try:
            return parse_signed_rupees(self._values[name])
        except AmountError:
            self.flag(name, LineFlag.BALANCE_UNREADABLE)
            return None

    def _absent(self, name: str) -> bool:
        value = self._values.get(name)
        return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)


class _Cleaner:
    """Cleans the values of one line within the limits."""

    def __init__(self) -> None:
        self.repaired = False
        self._left = VALUES_MAX

    def clean(self, value: JsonValue, depth_left: int) -> JsonValue:
        self._left -= 1
        if self._left < 0:
            raise ShapeError("line", f"holds more than {VALUES_MAX} values")
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, dict | list):
            return value
        if depth_left == 0:
            raise ShapeError("line", f"is nested deeper than {DEPTH_MAX}")
        if isinstance(value, list):
            return [self.clean(item, depth_left - 1) for item in value]
        return {self._text(key): self.clean(item, depth_left - 1) for key, item in value.items()}

    def _text(self, text: str) -> str:
        if not _UNSTORABLE.search(text):
            return text
        self.repaired = True
        return _UNSTORABLE.sub("\ufffd", text)


def _each_key_once(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    """Return the pairs as an object. Raises ShapeError if two have the same key."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ShapeError("body", "names a key of an object twice")
    return values


def _integer(text: str) -> int | str:
    """Return an integer beyond 64 bits as text, because not every JSON writer can write it."""
    return int(text) if len(text) <= _INTEGER_MAX_CHARS else text


def _number(text: str) -> float | str:
    """Return a number as text if a float would change it."""
    number = float(text)
    try:
        exact = math.isfinite(number) and Decimal(text) == Decimal(repr(number))
    except InvalidOperation:
        exact = False
    return number if exact else text
