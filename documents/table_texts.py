"""Tables as people read them: headings and codes in their language, sums in rupees, and times of India."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from documents.spreadsheet import Table, Value
from documents.wording import WORDS, words_of
from schemas.enums import Language
from schemas.text import IST

_PLACE: Final = {Language.EN: 0, Language.HI: 1}
_PAISE: Final = "paise"
_DISTRICTS: Final = ("district", "about")
"""columns that may have a district; what is none stays as it is"""
_TIMES: Final = ("at", "_at", "_since")
"""ends of the names of columns with a time"""


def for_people(table: Table, language: Language) -> Table:
    """Return a table of the API as people read it.

    A heading or a code without a text stays as it is.
    """
    place, headings = _PLACE[language], _texts()["headings"]
    header = tuple(headings[name][place] if name in headings else name for name in table.header)
    reads = [_reader(table.title, name, language) for name in table.header]
    rows = tuple(tuple(read(value) for read, value in zip(reads, row, strict=True)) for row in table.rows)
    # The rows are checked already, and may be many.
    return Table.model_construct(title=table.title, header=header, rows=rows)


def _reader(title: str, name: str, language: Language) -> Callable[[Value], Value]:
    """Return what makes of a value of a column what a person reads."""
    codes: Mapping[str, Mapping[str, tuple[str, str]]] = _texts()["codes"]
    known = codes.get(f"{title}.{name}") or codes.get(name)
    if known is not None:
        return lambda value: known[value][_PLACE[language]] if isinstance(value, str) and value in known else value
    if name in _DISTRICTS:
        return lambda value: words_of(language).district(str(value or ""))
    if name.endswith(_PAISE):
        return lambda value: value / 100 if isinstance(value, int) else value
    if name in _TIMES or name.endswith(_TIMES[1:]):
        return _time
    return lambda value: value


def _time(value: Value) -> Value:
    if not isinstance(value, str) or not value:
        return value
    return datetime.fromisoformat(value).astimezone(IST).strftime("%d-%m-%Y %H:%M:%S")


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads((WORDS / "tables.toml").read_text(encoding="utf-8"))
