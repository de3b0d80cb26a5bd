"""Dates and times as Indian banks write them: local time (IST), in several notations, sometimes wrong."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from adapters.banks.answers import LineFlag
from schemas.text import IST

YEAR_MIN: Final = 2000
YEAR_MAX: Final = 2100
NOON_HOUR: Final = 12
_TEXT_MAX_CHARS: Final = 64

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MOMENT: Final = re.compile(
    r"""(?: (?P<y1>[0-9]{4}) (?P<s1>[-/.]) (?P<m1>[0-9]{1,2}) (?P=s1) (?P<d1>[0-9]{1,2})
          | (?P<d2>[0-9]{1,2}) (?P<s2>[-/.]) (?P<m2>[0-9]{1,2}) (?P=s2) (?P<y2>[0-9]{4})
          | (?P<d3>[0-9]{1,2}) [-\s/] (?P<m3>[A-Za-z]{3,9}) [-\s/] (?P<y3>[0-9]{4}) )
        (?: (?:T|t|\s+) (?P<hour>[0-9]{1,2}) : (?P<minute>[0-9]{2}) (?: : (?P<second>[0-9]{2})
        (?:[.,][0-9]{1,9})? )?
            (?P<odd>:)? \s* (?P<half>[AaPp]\.?[Mm]\.?)? \s* (?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})? )?""",
    re.VERBOSE,
)


def format_moment(moment: datetime) -> tuple[str, str]:
    """Return (YYYY-MM-DD, HH:MM:SS) in IST; `moment` is aware. Fractions of a second are dropped."""
    local = moment.astimezone(IST)
    return local.date().isoformat(), local.time().isoformat("seconds")


def parse_moment(text: str) -> tuple[datetime | None, LineFlag | None]:
    """Return the time in UTC that `text` gives and, for an odd notation, a flag. Never raises.

    A time without an offset is IST. Accepted without a flag: YYYY-MM-DD HH:MM[:SS], ISO 8601, DD-MM-YYYY HH:MM[:SS].
    Accepted with TIME_ODD: other separators, month names, a date alone (its first instant), "13:34:PM". The day always
    precedes the month, as in every Indian notation; a month-first date is never guessed. Any other text returns (None,
    TIME_UNREADABLE).
    """
    text = text.strip()
    if not text:
        return None, LineFlag.TIME_MISSING
    match = _MOMENT.fullmatch(text) if len(text) <= _TEXT_MAX_CHARS else None
    if match is None:
        return None, LineFlag.TIME_UNREADABLE
    hour, hour_odd = _hour(match)
    try:
        minute, second = int(match["minute"] or 0), int(match["second"] or 0)
        moment = datetime(*_date(match), hour, minute, second, tzinfo=_zone(match)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, LineFlag.TIME_UNREADABLE
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        return None, LineFlag.TIME_UNREADABLE
    plain = (match["s1"] or match["s2"]) == "-" and match["hour"] is not None and not hour_odd
    return moment, None if plain else LineFlag.TIME_ODD


def _date(match: re.Match[str]) -> tuple[int, int, int]:
    """Return (year, month, day). Raises ValueError for a month that does not exist."""
    if match["m3"]:
        return int(match["y3"]), _MONTHS.index(match["m3"][:3].lower()) + 1, int(match["d3"])
    if match["y1"]:
        return int(match["y1"]), int(match["m1"]), int(match["d1"])
    return int(match["y2"]), int(match["m2"]), int(match["d2"])


def _hour(match: re.Match[str]) -> tuple[int, bool]:
    """Return the hour from 0 to 23 and whether its notation was odd: "13:34:PM" still means 13."""
    hour = int(match["hour"] or 0)
    if not match["half"]:
        return hour, bool(match["odd"])
    afternoon = match["half"][0] in "Pp"
    if not 1 <= hour <= NOON_HOUR:
        return hour, True
    return hour % NOON_HOUR + (NOON_HOUR if afternoon else 0), bool(match["odd"])


def _zone(match: re.Match[str]) -> timezone:
    """Return the written offset, or IST without one. Raises ValueError for an offset that does not exist."""
    zone = match["zone"]
    if not zone:
        return IST
    if zone in "Zz":
        return UTC
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return timezone(-offset if zone[0] == "-" else offset)
