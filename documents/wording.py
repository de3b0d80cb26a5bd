"""Wording of documents and of tables."""

import re
import struct
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import fontpkg_noto_sans

from documents.spreadsheet import Table, Value
from domain.districts import known_district
from domain.rupees import rupees
from schemas.enums import Language
from schemas.text import IST

WORDS: Final = Path(__file__).parent / "words"
_SECTION: Final = re.compile(r"^(BNSS|BNS|BSA|IT Act) ([0-9]+[A-Z]*(?:\([0-9a-z]+\))*)$")
_ACTS: Final = {"BNSS": "act_bnss", "BNS": "act_bns", "BSA": "act_bsa", "IT Act": "act_it"}
_NAMES_STATION: Final = re.compile(
    r"थाना|कोतवाली|\b(?:police (?:station|lines)|thana|kotwali|p\.? ?s\.?)(?!\w)", re.IGNORECASE
)
"""matches the name of a police station that already says that it is a station"""
DECIMALS: Final = 2
"""of a figure in a table for people"""
PLACE_OF: Final = {Language.EN: 0, Language.HI: 1}
"""place of a language in `names.toml`"""


@dataclass(frozen=True)
class Wording:
    """Texts of documents in one language, with its formats of figures and dates."""

    language: Language
    table: dict[str, dict[str, str]]

    def say(self, key: str, **values: object) -> str:
        """Return the text at `section.name` with `values` filled in. Placeholders inside a value are not expanded."""
        section, _, name = key.partition(".")
        return self.table[section][name].format_map(values)

    def rupees(self, paise: int) -> str:
        """Return an amount with paise: ₹1,25,000.00."""
        return rupees(paise, exact=True)

    def day(self, day: date | None) -> str:
        """Return a date; "" for None."""
        return self._dated("day", day, "") if day else ""

    def moment(self, moment: datetime | None) -> str:
        """Return a time in IST, to the minute; "" for None."""
        if moment is None:
            return ""
        here = moment.astimezone(IST)
        return self._dated("moment", here.date(), here.strftime("%H:%M"))

    def short(self, moment: datetime | None) -> str:
        """Return a time in IST in figures, for a table; "" for None."""
        return moment.astimezone(IST).strftime("%d-%m-%Y %H:%M") if moment else ""

    def sections(self, sections: Sequence[str]) -> str:
        """Return sections of law in full, grouped by act. A section of an unknown act is shown unchanged."""
        matches = [(_SECTION.match(section), section) for section in sections]
        texts = []
        for act, group in groupby(matches, lambda pair: pair[0][1] if pair[0] else pair[1]):
            numbers = [match[2] for match, _ in group if match]
            texts.append(self._of_act(act, numbers) if numbers else act)
        return self.say("common.and").join(texts)

    def district(self, name: str) -> str:
        """Return a district in this language."""
        known = known_district(name)
        if known is None:
            return name
        return known.english if self.language is Language.EN else known.hindi

    def rank(self, name: str) -> str:
        """Return a rank in this language."""
        return _named("ranks", name, self.language)

    def station(self, name: str) -> str:
        """Return the name of a police station, which says exactly once that it is a station."""
        return name if not name or _NAMES_STATION.search(name) else self.say("common.station", name=name)

    def _dated(self, form: str, day: date, time: str) -> str:
        month = self.say("common.months").split()[day.month - 1]
        return self.say(f"common.{form}", day=day.day, month=month, year=day.year, time=time)

    def _of_act(self, act: str, numbers: Sequence[str]) -> str:
        key = "common.section" if len(numbers) == 1 else "common.sections"
        act_in_full = self.say(f"common.{_ACTS[act]}")
        return self.say(key, numbers=self.say("common.and").join(numbers), act=act_in_full)


@cache
def words_of(language: Language) -> Wording:
    """Return the texts of a language, read once."""
    return Wording(language, tomllib.loads((WORDS / f"{language.value}.toml").read_text()))


def in_both(key: str, **values: object) -> str:
    """Return the text at `section.name` in English and in Hindi, for a document that has both."""
    return " · ".join(words_of(language).say(key, **values) for language in Language)


def _named(table: str, name: str, language: Language) -> str:
    return _names(table).get(_squeezed(name), (name, name))[PLACE_OF[language]]


@cache
def _names(table: str) -> dict[str, tuple[str, str]]:
    """Return the English and Hindi name by every spelling."""
    rows = tomllib.loads((WORDS / "names.toml").read_text())[table]["names"]
    return {_squeezed(spelling): (row[0], row[1]) for row in rows for spelling in row}


def _squeezed(name: str) -> str:
    return re.sub(r"[\s.()-]+", "", unicodedata.normalize("NFC", name)).casefold()


_PAISE: Final = "paise"
_DISTRICTS: Final = ("district", "about")
"""columns that may have a district; what is none stays as it is"""
_DAYS: Final = ("due", "application_received")
"""columns with a day, beside those that end in `_on`"""


def for_people(table: Table, language: Language) -> Table:
    """Return a table of the API as people read it.

    A heading or a code without a text stays as it is.
    """
    header = tuple(_heading(name, language) for name in table.header)
    reads = [_reader(table.title, name, language) for name in table.header]
    rows = tuple(tuple(read(value) for read, value in zip(reads, row, strict=True)) for row in table.rows)
    # The rows are checked already, and may be many.
    return Table.model_construct(title=table.title, header=header, rows=rows)


def _heading(name: str, language: Language) -> str:
    texts: Mapping[str, tuple[str, str]] = _texts()["headings"]
    if name not in texts:
        return name
    heading = texts[name][PLACE_OF[language]]
    return words_of(language).say("common.in_ist", heading=heading) if _is_time(name) else heading


def _reader(title: str, name: str, language: Language) -> Callable[[Value], Value]:
    """Return the function that turns the values of a column into what people read."""
    codes: Mapping[str, Mapping[str, tuple[str, str]]] = _texts()["codes"]
    known = codes.get(f"{title}.{name}") or codes.get(name)
    if known is not None:
        return lambda value: known[value][PLACE_OF[language]] if isinstance(value, str) and value in known else value
    if name in _DISTRICTS:
        return lambda value: words_of(language).district(str(value or ""))
    if name.endswith(_PAISE) and name in _texts()["headings"]:
        return lambda value: value / 100 if isinstance(value, int) else value
    if _is_time(name):
        return _time
    if name in _DAYS or name.endswith("_on"):
        return _day
    return lambda value: round(value, DECIMALS) if isinstance(value, float) else value


def _is_time(name: str) -> bool:
    return name == "at" or name.endswith(("_at", "_since"))


def _day(value: Value) -> Value:
    return f"{date.fromisoformat(value):%d-%m-%Y}" if isinstance(value, str) and value else value


def _time(value: Value) -> Value:
    if not isinstance(value, str) or not value:
        return value
    return datetime.fromisoformat(value).astimezone(IST).strftime("%d-%m-%Y %H:%M:%S")


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads((WORDS / "tables.toml").read_text(encoding="utf-8"))


FONTS: Final = Path(fontpkg_noto_sans.__file__).parent / "files"
_REGULAR: Final = FONTS / "NotoSans[wdth,wght].ttf"
_LONGEST_RUN: Final = 70
"""longest run without a line break, so that a SHA-256 and the signs around it stay together"""
_BREAK: Final = "\u200b"
_VIRAMA: Final = "\u094d"
_JOINERS: Final = frozenset("\u200c\u200d")
"""joiners choose the form of a conjunct and are invisible"""
_FULL_UNICODE: Final = 12
"""format of the font table that covers all of Unicode"""


@cache
def _drawn() -> frozenset[int]:
    """Return the characters that the font can draw, from its cmap table."""
    data = _REGULAR.read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    records = (struct.unpack_from(">4sIII", data, 12 + 16 * index) for index in range(tables))
    start = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, start + 2)
    characters: set[int] = set()
    for index in range(count):
        place = start + struct.unpack_from(">I", data, start + 4 + 8 * index + 4)[0]
        if struct.unpack_from(">H", data, place)[0] != _FULL_UNICODE:
            continue
        (groups,) = struct.unpack_from(">I", data, place + 12)
        for group in range(groups):
            first, last, _ = struct.unpack_from(">III", data, place + 16 + 12 * group)
            characters.update(range(first, last + 1))
    return frozenset(characters)


def plain(text: str) -> str:
    """Return `text` as a document shows it.

    White space becomes a space. Direction marks are removed, because they would show another text than was written. A
    character that the font cannot draw becomes its number, <1F600>. A long run gets break points.
    """
    composed = unicodedata.normalize("NFC", text)
    return _breakable("".join(_shown(character) for character in composed).strip())


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category in {"Cc", "Cf"}:
        return ""
    if ord(character) in _drawn():
        return character
    return f"<{ord(character):X}>"


def _breakable(text: str) -> str:
    """Return `text` with break points in long runs, never between a letter and its marks."""
    pieces: list[str] = []
    run = 0
    for character in text:
        is_mark = unicodedata.category(character).startswith("M") or character in _JOINERS
        if character == " ":
            run = -1
        elif run >= _LONGEST_RUN and not is_mark and pieces[-1] != _VIRAMA and pieces[-1] not in _JOINERS:
            pieces.append(_BREAK)
            run = 0
        pieces.append(character)
        run += 1
    return "".join(pieces)
