"""Personal data of victims, wherever a row or a file of an evidence pack repeats them. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import unquote

from schemas.privacy.personal_data import PersonalData

CUT: Final = "…"
"""stands in a row in place of what is cut"""
NAME_MIN_CHARS: Final = 3
"""A shorter name is a common syllable of other texts."""
_MOBILE: Final = re.compile(r"[6-9][0-9]{9}")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


class VictimsData:
    """Names, mobile numbers, e-mail and payment addresses of the victims of a case."""

    def __init__(self, persons: Iterable[PersonalData], holders: Iterable[str], names: Iterable[str] = ()) -> None:
        """Take the victims, the holders of accounts that paid or are credited, and further names of the victims.

        The number of an account is no personal data here, because the trail of the money needs it.
        """
        known = list(persons)
        numbers = {one.mobile for one in known} | {one for one in holders if _MOBILE.fullmatch(one)}
        addresses = {one.email for one in known} | {one for one in holders if "@" in one}
        patterns = [
            *(_number(number) for number in numbers if _MOBILE.fullmatch(number)),
            *(_address(address) for address in addresses if address),
            *(_name(name) for name in {*names, *(one.name for one in known)} if len(name) >= NAME_MIN_CHARS),
        ]
        # Of two patterns that begin alike the longer one is tried first.
        patterns.sort(key=lambda pattern: (-len(pattern), pattern))
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def are_in(self, content: bytes) -> bool:
        """Return whether a file repeats a part of the data, as text or as JSON, forms and addresses write it."""
        pattern = self._pattern
        return pattern is not None and any(pattern.search(text) for text in _readings(content))

    def cut(self, value: Any) -> Any:
        """Return a value of JSON without what repeats the data."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self._pattern.sub(CUT, value)
        if isinstance(value, dict):
            return {name: self.cut(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.cut(one) for one in value]
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return CUT if is_number and self._pattern.fullmatch(str(value)) else value


def _number(mobile: str) -> str:
    return r"(?<![0-9])(?:(?:00|\+)?91[\s-]?|0)?" + r"[\s-]?".join(mobile) + r"(?![0-9])"


def _address(address: str) -> str:
    return rf"(?<![\w.+-]){re.escape(address)}(?![\w-])"


def _name(name: str) -> str:
    words = [re.escape(word) for part in name.split() if (word := part.strip(".,"))]
    return r"(?<!\w)" + r"[\s.,]+".join(words) + r"(?!\w)"


def _readings(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", "replace")
    yield text
    if "\\u" in text:
        yield _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if "%" in text or "+" in text:
        yield unquote(text.replace("+", " "))
