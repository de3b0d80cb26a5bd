"""The list for the day of a court or Lok Adalat as a table."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from domain.spreadsheet_cells import as_plain_text
from schemas.restoration.court_day import CourtDayLine
from schemas.text import IST

Cell = str | int

HEADER: Final = (
    "ack_no",
    "case_ack_no",
    "round_no",
    "route",
    "district",
    "held_paise",
    "accounts",
    "application_received",
    "signed_by_code",
    "notices_issued",
    "notices",
    "open_objections",
    "open_appeals",
    "due",
    "standing",
    "hearing_on",
    "hearing_court",
    "court",
    "order_no",
    "made_on",
    "effect",
)


def to_csv(lines: Iterable[CourtDayLine]) -> str:
    """Return the list as CSV with a header. It names no person, and of an account its last four characters."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADER)
    table.writerows([as_plain_text(cell) if isinstance(cell, str) else cell for cell in _cells(line)] for line in lines)
    return text.getvalue()


def _cells(line: CourtDayLine) -> Iterator[Cell]:
    yield from (line.ack_no, line.case_ack_no, line.round_no, line.route.value, line.district)
    yield line.held_paise
    yield "; ".join(f"{one.institution} …{one.account_end}" for one in line.accounts)
    yield line.applied_at.astimezone(IST).date().isoformat() if line.applied_at else ""
    yield int(line.signed_by_code)
    yield from (line.notices_issued, line.notices, line.open_objections, line.open_appeals)
    yield line.due_at.astimezone(IST).date().isoformat() if line.due_at else ""
    yield line.standing.value
    yield from (line.hearing.held_on.isoformat(), line.hearing.court) if line.hearing else ("", "")
    order = line.order
    yield from (
        (order.court, order.order_no, order.made_on.isoformat(), order.effect.value) if order else ("", "", "", "")
    )
