"""The words of papers: one table a language, with the same keys and the same places to fill."""

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

from domain.intake.districts import known_district
from domain.rupees import rupees
from schemas.enums import Language
from schemas.text import IST

WORDS: Final = Path(__file__).parent / "words"
_SECTION: Final = re.compile(r"^(BNSS|BNS|BSA|IT Act) ([0-9]+[A-Z]*(?:\([0-9a-z]+\))*)$")
_ACTS: Final = {"BNSS": "act_bnss", "BNS": "act_bns", "BSA": "act_bsa", "IT Act": "act_it"}
_SAYS_STATION: Final = re.compile(
    r"थाना|कोतवाली|\b(?:police (?:station|lines)|thana|kotwali|p\.? ?s\.?)(?!\w)", re.IGNORECASE
)
"""in the name of a station that says itself what it is"""
_PLACE: Final = {Language.EN: 0, Language.HI: 1}
"""of a language in `names.toml`"""


@dataclass(frozen=True)
class Words:
    """What papers say in one language, and how they write figures and dates."""

    language: Language
    table: dict[str, dict[str, str]]

    def say(self, key: str, **values: object) -> str:
        """The words at `section.name`, with `values` in their places. What stands in a value is never read again."""
        section, _, name = key.partition(".")
        return self.table[section][name].format_map(values)

    def rupees(self, paise: int) -> str:
        """An amount to the last paisa: ₹1,25,000.00."""
        return rupees(paise, exact=True)

    def day(self, day: date | None) -> str:
        """A day; nothing where there is none."""
        return self._dated("day", day, "") if day else ""

    def moment(self, moment: datetime | None) -> str:
        """A moment by the clock of India, to the minute; nothing where there is none."""
        if moment is None:
            return ""
        here = moment.astimezone(IST)
        return self._dated("moment", here.date(), here.strftime("%H:%M"))

    def short(self, moment: datetime | None) -> str:
        """A moment by the clock of India in figures, for a table."""
        return moment.astimezone(IST).strftime("%d-%m-%Y %H:%M") if moment else ""

    def sections(self, sections: Sequence[str]) -> str:
        """Sections of law in full, those of one act together; what is of no act we know stands as it came."""
        found = [(_SECTION.match(section), section) for section in sections]
        said = []
        for act, group in groupby(found, lambda one: one[0][1] if one[0] else one[1]):
            numbers = [match[2] for match, _ in group if match]
            said.append(self._of_act(act, numbers) if numbers else act)
        return self.say("common.and").join(said)

    def district(self, name: str) -> str:
        """A district as this language writes it."""
        known = known_district(name)
        if known is None:
            return name
        return known.english if self.language is Language.EN else known.hindi

    def rank(self, name: str) -> str:
        """A rank as this language writes it."""
        return _named("ranks", name, self.language)

    def station(self, name: str) -> str:
        """A police station, which is said to be one, once."""
        return name if not name or _SAYS_STATION.search(name) else self.say("common.station", name=name)

    def _dated(self, form: str, day: date, time: str) -> str:
        month = self.say("common.months").split()[day.month - 1]
        return self.say(f"common.{form}", day=day.day, month=month, year=day.year, time=time)

    def _of_act(self, act: str, numbers: Sequence[str]) -> str:
        key = "common.section" if len(numbers) == 1 else "common.sections"
        act_in_full = self.say(f"common.{_ACTS[act]}")
        return self.say(key, numbers=self.say("common.and").join(numbers), act=act_in_full)


@cache
def words_of(language: Language) -> Words:
    """The words of a language, read once."""
    return Words(language, tomllib.loads((WORDS / f"{language.value}.toml").read_text()))


def _named(table: str, name: str, language: Language) -> str:
    return _names(table).get(_squeezed(name), (name, name))[_PLACE[language]]


@cache
def _names(table: str) -> dict[str, tuple[str, str]]:
    """English and Hindi by every spelling."""
    rows = tomllib.loads((WORDS / "names.toml").read_text())[table]["names"]
    return {_squeezed(spelling): (row[0], row[1]) for row in rows for spelling in row}


def _squeezed(name: str) -> str:
    return re.sub(r"[\s.()-]+", "", unicodedata.normalize("NFC", name)).casefold()
