"""The words of papers: one table a language, with the same keys and the same places to fill."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from domain.rupees import rupees
from schemas.complaints import IST
from schemas.enums import Language

WORDS: Final = Path(__file__).parent / "words"
_BNSS: Final = re.compile(r"^BNSS ([0-9]+(?:\([0-9a-z]+\))*)$")


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
        """Sections of law in full, one after the other."""
        return self.say("common.and").join(self._section(section) for section in sections)

    def _dated(self, form: str, day: date, time: str) -> str:
        month = self.say("common.months").split()[day.month - 1]
        return self.say(f"common.{form}", day=day.day, month=month, year=day.year, time=time)

    def _section(self, section: str) -> str:
        found = _BNSS.match(section)
        return self.say("common.bnss", section=found[1]) if found else section


@cache
def words_of(language: Language) -> Words:
    """The words of a language, read once."""
    return Words(language, tomllib.loads((WORDS / f"{language.value}.toml").read_text()))
