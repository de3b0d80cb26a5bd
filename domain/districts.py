"""Districts of Uttar Pradesh, and the lookup of one by any common spelling (districts.toml)."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from schemas.base import FrozenModel

PACKAGED_DISTRICTS: Final = Path(__file__).with_name("districts.toml")

_GENERIC_WORDS: Final = re.compile(
    r"\b(district|distt?|zill?a|jila|commissionerate|uttar pradesh|u p|up|जनपद|जिला|उत्तर प्रदेश)\b"
)
_NOT_A_LETTER: Final = re.compile(r"[^\w\u0900-\u0963]+|_")
_SAME_SOUND: Final = str.maketrans({"ँ": "ं", "़": None, "\u200c": None, "\u200d": None})


class District(FrozenModel):
    """District; `code` is its name in the Local Government Directory, used in rows and measures."""

    code: str
    english: str
    hindi: str
    aliases: tuple[str, ...] = ()


def known_district(text: str) -> District | None:
    """Return the district of a code, an English or Hindi name, or an alias; None for any other text."""
    return _by_key().get(_key(text))


@cache
def districts() -> tuple[District, ...]:
    """Return all districts, by code."""
    data = tomllib.loads(PACKAGED_DISTRICTS.read_text(encoding="utf-8"))
    return tuple(District.model_validate(district) for district in data["district"])


@cache
def _by_key() -> Mapping[str, District]:
    known: dict[str, District] = {}
    for district in districts():
        for name in (district.code, district.english, district.hindi, *district.aliases):
            other = known.setdefault(_key(name), district)
            assert other is district, f"{name} is {other.code} and {district.code}"
    return known


def _key(text: str) -> str:
    """Return a name for comparison: letters only, without spacing, case or diacritical variants."""
    letters = unicodedata.normalize("NFD", text).translate(_SAME_SOUND).casefold()
    words = " ".join(_NOT_A_LETTER.sub(" ", letters).split())
    return _GENERIC_WORDS.sub("", words).replace(" ", "") or words
