"""Tables as people read them: headings and codes in their language, sums in rupees, and times of India."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from documents.spreadsheet import Table, Value
from documents.wording import PLACE_OF, WORDS, words_of
from schemas.enums import Language
from schemas.text import IST

_PAISE: Final = "paise"
_DISTRICTS: Final = ("district", "about")
"""columns that may have a district; what is none stays as it is"""
_DAYS: Final = ("due", "application_received")
"""columns with a day, beside those that end in `_on`"""
_OF_IST: Final = {Language.EN: "{} (IST)", Language.HI: "{} (भारतीय समय)"}


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
    told = texts[name][PLACE_OF[language]]
    return _OF_IST[language].format(told) if _is_time(name) else told


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
    return lambda value: value


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
