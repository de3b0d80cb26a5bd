"""Reader of one spreadsheet cell: text, identifier, rupees, time, yes or no.

People edit these sheets in Excel, so one value may be a text, a number or a date. Rules:
* Digits that a spreadsheet dropped are lost: the cell is a fault, and nothing is guessed.
* An identifier in exponent form with all its digits has lost none.
* An amount is exact to the paisa, or the cell is a fault.
* A date is day first, as in India; a time without an offset is IST.
"""

import math
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from schemas.base import MAX_AMOUNT_PAISE
from schemas.text import IST

Cell = str | int | float | bool | datetime | date | time | timedelta | None

MAX_CELL_CHARS = 1000
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""first characters that make a spreadsheet read a text as a formula"""
EXCEL_DIGITS = 15
"""A spreadsheet's number keeps 15 digits; it replaces further digits by zeros."""

SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's dates have no offset; they are IST
SERIAL_RANGE = (20_000, 80_000)
"""Day numbers from October 1954 to January 2119. No transfer has a date outside them."""

_DAY = timedelta(days=1)
_YEARS = range(2000, 2100)
_BLANK_WORDS = frozenset(
    {"", "-", "--", "na", "n/a", "n.a.", "nil", "null", "none", "nan", "nat", "#n/a", "not available"}
)
_AS_TEXT = "format the column as text and enter it again"
_EXCEL_ERRORS = frozenset({"#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
_SCIENTIFIC = re.compile(r"^[+-]?\d+(\.\d+)?[eE][+-]?\d+$")
_WHOLE_SCIENTIFIC = re.compile(r"^(?P<first>[1-9]\d*)\.(?P<rest>\d+)[eE]\+?(?P<places>\d{1,2})$", re.ASCII)
_WHOLE_FLOAT = re.compile(r"^(\d+)\.0+$")
_FORMULA_TEXT = re.compile(r'^="(.*)"$')
_MONEY_DRESS = re.compile(r"^(?:₹|rs\.?|inr|rupees)\s*|\s*(?:/-|/=|₹|rs\.?|inr|rupees)$", re.IGNORECASE)
_GROUPED = re.compile(
    r"^(?:\d+|\d{1,2}(?:,\d{2})*,\d{3}|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$"  # 125000, 1,25,000 and 125,000
)
_TRUE = frozenset({"yes", "y", "true", "1", "हाँ", "हां"})
_FALSE = frozenset({"no", "n", "false", "0", "नहीं"})


class CellFault(ValueError):
    """Cell that cannot be used: `code` names the kind of fault, the message describes it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Moment(NamedTuple):
    """Time read from a cell; `note` describes an odd notation."""

    at: datetime
    note: str = ""
    time_missing: bool = False


def is_blank(cell: Cell) -> bool:
    """Return whether the cell is empty or holds a common placeholder for nothing."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return isinstance(cell, str) and cell.strip().lower() in _BLANK_WORDS


def repaired(cell: Cell) -> str | None:
    """Return the text of UTF-8 that was once read as Windows-1252 ("à¤°à¤¾à¤®"); None for other text."""
    if not isinstance(cell, str) or cell.isascii():
        return None
    try:
        # Five bytes have no character in Windows-1252; such readers keep them unchanged.
        raw = b"".join(c.encode("latin-1") if "\x80" <= c <= "\x9f" else c.encode("cp1252") for c in cell)
        return raw.decode("utf-8")
    except UnicodeError:
        return None


def text_of(cell: Cell) -> str:
    """Return the cell as one line of text, or "".

    Runs of blanks become one blank. Excel's text marks are removed.
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, str):
        return _line(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (int, float)):
        return str(int(cell)) if float(cell).is_integer() and abs(cell) < 10**EXCEL_DIGITS else repr(cell)
    return cell.isoformat() if isinstance(cell, (datetime, date, time)) else str(cell)


def identifier_of(cell: Cell) -> str:
    """Return an account, RRN, mobile number or similar, digit for digit, with the zeros that the sheet kept.

    `3.8574409388E+10` has all its digits. Raises `CellFault` if a spreadsheet has dropped digits (numbers beyond 15
    digits, 1.23457E+15).
    """
    if isinstance(cell, (bool, datetime, date, time, timedelta)):
        raise CellFault("not_an_identifier", f"a date or a yes/no instead of digits: {_AS_TEXT}")
    if isinstance(cell, (int, float)):
        return _digits_of_number(float(cell))
    text = text_of(cell)
    if "�" in text:
        raise CellFault("characters_lost", "characters were lost in an earlier conversion")
    if _SCIENTIFIC.match(text):
        return _digits_of_exponent_form(text)
    whole = _WHOLE_FLOAT.match(text)
    return ascii_digits(whole.group(1) if whole else text)


def ascii_digits(text: str) -> str:
    """Return the text with digits of other scripts (Devanagari, full width) as 0-9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)


def amount_paise_of(cell: Cell) -> int:
    """Return rupees in usual notation ("₹1,25,000.50", 125000.5) as paise. Raises `CellFault` if inexact."""
    if isinstance(cell, (bool, datetime, date, time, timedelta)):
        raise CellFault("not_an_amount", "a date or a yes/no instead of rupees")
    if isinstance(cell, (int, float)):
        return _checked_paise(_paise_of_number(cell))
    text = ascii_digits(text_of(cell))
    bare = _MONEY_DRESS.sub("", _MONEY_DRESS.sub("", text)).strip()
    if bare.startswith(("-", "(")):
        raise CellFault("negative_amount", f"{_shown(text)} is negative")
    if _SCIENTIFIC.match(bare):
        raise CellFault("digits_lost", f"{_shown(text)} may have lost digits: format the column as a number")
    match = _GROUPED.match(bare)
    if match is None:
        raise CellFault("not_an_amount", f"{_shown(text)} is not an amount in rupees")
    decimals = match.group(1) or ""
    if len(decimals) > 2:  # noqa: PLR2004 - a rupee has 100 paise
        raise CellFault("too_many_decimals", f"{_shown(text)} has {len(decimals)} decimals, not two")
    rupees = bare.split(".")[0].replace(",", "")
    return _checked_paise(int(rupees) * 100 + int(decimals.ljust(2, "0")))


def whole_paise_of(cell: Cell) -> int:
    """Return the value of a column that already counts paise: a whole number above zero."""
    text = identifier_of(cell).replace(",", "")
    if not (text.isascii() and text.isdigit()):
        raise CellFault("not_an_amount", f"{_shown(text)} is not a whole number of paise")
    return _checked_paise(int(text))


def yes_or_no(cell: Cell) -> bool:
    """Return the value of a yes/no column; an empty cell means no."""
    text = text_of(cell).lower()
    if text in _TRUE:
        return True
    if text in _FALSE or is_blank(cell):
        return False
    raise CellFault("not_yes_or_no", f"{_shown(text)} is neither yes nor no")


def moment_of(day: Cell, clock: Cell = None) -> Moment:
    """Return the time in one cell with date and time, or in a date cell and a time cell.

    The time is aware, in IST by default. A time cell with a value replaces the time in the date cell. A date alone
    means its first minute and is noted. Raises `CellFault` if there is no date.
    """
    at, has_time, note = _day_of(day)
    if not is_blank(clock):
        moment, odd = _clock_of(clock)
        at, has_time, note = datetime.combine(at.date(), moment, at.tzinfo), True, odd
    if at.year not in _YEARS:
        raise CellFault("not_a_date", f"the year {at.year} is not between {_YEARS.start} and {_YEARS.stop}")
    if not has_time:
        note = "no time of day given: midnight is assumed"
    return Moment(at if at.tzinfo else at.replace(tzinfo=IST), note, time_missing=not has_time)


# -- helpers -----------------------------------------------------------------------------------------------


def as_plain_text(text: str) -> str:
    """Return the text as a cell that no spreadsheet reads as a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _shown(text: str) -> str:
    """Return a value for a message: short, and in quotes."""
    limit = 40
    return f'"{text[:limit]}…"' if len(text) > limit else f'"{text}"'


def _line(text: str) -> str:
    formula = _FORMULA_TEXT.match(text.strip())
    line = " ".join((formula.group(1) if formula else text).split())
    if line in _EXCEL_ERRORS:
        raise CellFault("excel_error", f"the formula in it failed ({line})")
    if len(line) > MAX_CELL_CHARS:
        raise CellFault("too_long", f"longer than {MAX_CELL_CHARS} characters")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in line):
        raise CellFault("control_character", "control characters inside")
    return line.removeprefix("'")


def _digits_of_exponent_form(text: str) -> str:
    """Return the digits of a number such as 3.8574409388E+10. Raises `CellFault` if it has not all of them.

    A form with fewer digits than its exponent needs was rounded, or ended in zeros; it does not say which.
    """
    form = _WHOLE_SCIENTIFIC.match(text)
    if form is None or len(form["rest"]) != int(form["places"]):
        raise CellFault("digits_lost", f"{_shown(text)} has lost digits: {_AS_TEXT}")
    digits = form["first"] + form["rest"]
    if len(digits) > EXCEL_DIGITS:
        raise CellFault("digits_lost", f"a spreadsheet keeps {EXCEL_DIGITS} digits of a number: {_AS_TEXT}")
    return digits


def _digits_of_number(number: float) -> str:
    if not math.isfinite(number) or number < 0 or not number.is_integer():
        raise CellFault("not_an_identifier", "a number with decimals or a negative number, not digits")
    if number >= 10**EXCEL_DIGITS:
        raise CellFault("digits_lost", f"a spreadsheet keeps {EXCEL_DIGITS} digits of a number: {_AS_TEXT}")
    return str(int(number))


def _paise_of_number(number: float) -> int:
    if not math.isfinite(number):
        raise CellFault("not_an_amount", "not a number")
    if number < 0:
        raise CellFault("negative_amount", "negative")
    if number * 100 >= 10**EXCEL_DIGITS:
        raise CellFault("too_large", "above any amount ever reported")
    paise = round(number * 100)
    # Binary fractions leave a trace far below a paisa; a third decimal is ten thousand times larger.
    if abs(number * 100 - paise) > 0.001:  # noqa: PLR2004
        raise CellFault("too_many_decimals", "more than two decimals")
    return paise


def _checked_paise(paise: int) -> int:
    if paise == 0:
        raise CellFault("zero_amount", "zero rupees")
    if paise > MAX_AMOUNT_PAISE:
        raise CellFault("too_large", "above any amount ever reported")
    return paise


_ISO = re.compile(r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"^(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4}|\d{2})(?!\d)")
_NAMED = re.compile(r"^(?P<d>\d{1,2})(?:st|nd|rd|th)?[-/ .]*(?P<m>[A-Za-z]{3,9})[-/ .,]*(?P<y>\d{4}|\d{2})(?!\d)")
_CLOCK = re.compile(r"^(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:\.\d+)?)?[:\s]*([AaPp]\.?[Mm]\.?)?$")
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}


def _day_of(cell: Cell) -> tuple[datetime, bool, str]:
    """Return the date, whether it has a time of day, and a note.

    The date is aware only if the cell has an offset.
    """
    if isinstance(cell, datetime):
        return cell, cell.time() != time(), ""
    if isinstance(cell, date):
        return datetime.combine(cell, time()), False, ""
    if isinstance(cell, (bool, time, timedelta)):
        raise CellFault("not_a_date", "not a date")
    if isinstance(cell, (int, float)):
        return _from_serial(float(cell))
    text = ascii_digits(text_of(cell))
    if _SERIAL.match(text):
        return _from_serial(float(text))
    return _from_text(text)


def _from_serial(days: float) -> tuple[datetime, bool, str]:
    if not SERIAL_RANGE[0] <= days <= SERIAL_RANGE[1]:
        raise CellFault("not_a_date", "not the number of a spreadsheet date: write DD/MM/YYYY HH:MM")
    at = SERIAL_EPOCH + timedelta(seconds=round(days * 86_400))
    return at, not days.is_integer(), ""


def _from_text(text: str) -> tuple[datetime, bool, str]:
    match = _ISO.match(text) or _DAY_FIRST.match(text) or _NAMED.match(text)
    if match is None:
        raise CellFault("not_a_date", f"{_shown(text)} is not a date: write DD/MM/YYYY HH:MM")
    if _ISO.match(text):
        try:  # with seconds, fractions and an offset, as machines write it
            whole = datetime.fromisoformat(text)
            return whole, len(text) > len("2026-11-05"), ""
        except ValueError:
            pass
    at = _date_from(match, text)
    rest = text[match.end() :].lstrip(" T,;-")
    if not rest:
        return at, False, ""
    clock, note = _clock_of(rest)
    return datetime.combine(at.date(), clock), True, note


def _date_from(match: re.Match[str], text: str) -> datetime:
    month = match["m"]
    number = int(month) if month.isdigit() else _MONTHS.get(month[:3].lower(), 0)
    year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)  # noqa: PLR2004
    try:
        return datetime(year, number, int(match["d"]))  # noqa: DTZ001 - the caller sets IST
    except ValueError:
        raise CellFault("not_a_date", f"{_shown(text)} is not a date with the day first (DD/MM/YYYY)") from None


def _clock_of(cell: Cell) -> tuple[time, str]:
    """Return the time of day in a cell, and a note if its notation contradicts itself ("13:34:PM")."""
    if isinstance(cell, datetime):
        return cell.time(), ""
    if isinstance(cell, time):
        return cell, ""
    if isinstance(cell, timedelta):
        cell = cell / _DAY
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 0 <= cell < 1:
        return (SERIAL_EPOCH + timedelta(seconds=round(cell * 86_400) % 86_400)).time(), ""
    text = ascii_digits(text_of(cell))
    match = _CLOCK.match(text)
    if match is None:
        raise CellFault("not_a_time", f"{_shown(text)} is not a time: write HH:MM")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    half, note = (match[4] or "").replace(".", "").lower(), ""
    if half and not 1 <= hour <= 12:  # noqa: PLR2004
        note = f"{_shown(text)} was read in 24-hour notation"
    elif half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute, second), note
    except ValueError:
        raise CellFault("not_a_time", f"{_shown(text)} is not a time of day") from None
