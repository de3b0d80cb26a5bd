"""The list for the day of a court or Lok Adalat as a table, for CSV and for spreadsheet programs."""

from collections.abc import Iterable, Iterator
from typing import Final

from documents.spreadsheet import Table, Value
from schemas.recovery.court_day import CourtDayLine
from schemas.text import IST

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
    "contested",
    "due",
    "standing",
    "hearing_on",
    "hearing_court",
    "court",
    "order_no",
    "made_on",
    "effect",
)


def court_day_table(lines: Iterable[CourtDayLine]) -> Table:
    """Return the list as a table. It names no person, and of an account its last four characters."""
    return Table(title="court-day", header=HEADER, rows=tuple(tuple(_cells(line)) for line in lines))


def _cells(line: CourtDayLine) -> Iterator[Value]:
    yield from (line.ack_no, line.case_ack_no, line.round_no, line.route.value, line.district)
    yield line.held_paise
    yield "; ".join(f"{one.institution} …{one.account_end}" for one in line.accounts)
    yield line.applied_at.astimezone(IST).date().isoformat() if line.applied_at else ""
    yield int(line.signed_by_code)
    yield from (line.notices_issued, line.notices, line.open_objections, line.open_appeals, line.contested)
    yield line.due_at.astimezone(IST).date().isoformat() if line.due_at else ""
    yield line.standing.value
    yield from (line.hearing.held_on.isoformat(), line.hearing.court) if line.hearing else ("", "")
    order = line.order
    yield from (
        (order.court, order.order_no, order.made_on.isoformat(), order.effect.value) if order else ("", "", "", "")
    )
