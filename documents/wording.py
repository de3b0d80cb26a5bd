"""Texts of documents: one table per language, with the same keys and placeholders."""

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

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
        found = [(_SECTION.match(section), section) for section in sections]
        texts = []
        for act, group in groupby(found, lambda one: one[0][1] if one[0] else one[1]):
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


def _named(table: str, name: str, language: Language) -> str:
    return _names(table).get(_squeezed(name), (name, name))[PLACE_OF[language]]


@cache
def _names(table: str) -> dict[str, tuple[str, str]]:
    """Return the English and Hindi name by every spelling."""
    rows = tomllib.loads((WORDS / "names.toml").read_text())[table]["names"]
    return {_squeezed(spelling): (row[0], row[1]) for row in rows for spelling in row}


def _squeezed(name: str) -> str:
    return re.sub(r"[\s.()-]+", "", unicodedata.normalize("NFC", name)).casefold()
