"""The districts of Uttar Pradesh, and which of them somebody means who has written it as they do (districts.toml)."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from schemas.base import FrozenModel

PACKAGED_DISTRICTS: Final = Path(__file__).with_name("districts.toml")

_SAYS_NOTHING: Final = re.compile(
    r"\b(district|distt?|zill?a|jila|commissionerate|uttar pradesh|u p|up|जनपद|जिला|उत्तर प्रदेश)\b"
)
_NOT_A_LETTER: Final = re.compile(r"[^\w\u0900-\u0963]+|_")
_SAME_SOUND: Final = str.maketrans({"ँ": "ं", "़": None, "\u200c": None, "\u200d": None})


class District(FrozenModel):
    """A district: `code` is its name in the Local Government Directory, by which rows and measures know it."""

    code: str
    english: str
    hindi: str
    aliases: tuple[str, ...] = ()


def known_district(text: str) -> District | None:
    """The district that is meant: by its code, its name in English or Hindi, or an alias; None for any other word."""
    return _by_key().get(_key(text))


@cache
def districts() -> tuple[District, ...]:
    """All of them, by code."""
    told = tomllib.loads(PACKAGED_DISTRICTS.read_text(encoding="utf-8"))
    return tuple(District.model_validate(one) for one in told["district"])


@cache
def _by_key() -> Mapping[str, District]:
    known: dict[str, District] = {}
    for district in districts():
        for name in (district.code, district.english, district.hindi, *district.aliases):
            other = known.setdefault(_key(name), district)
            assert other is district, f"{name} is {other.code} and {district.code}"
    return known


def _key(text: str) -> str:
    """What is compared: letters alone, however they were spaced, cased or pointed."""
    letters = unicodedata.normalize("NFD", text).translate(_SAME_SOUND).casefold()
    words = " ".join(_NOT_A_LETTER.sub(" ", letters).split())
    return _SAYS_NOTHING.sub("", words).replace(" ", "") or words
