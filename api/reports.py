"""Reports over a period, as JSON and as a table for a spreadsheet: what is the same of each."""

from datetime import datetime, timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.problems import INVALID, Refused, Violation

CSV: Final = "text/csv"
CSV_CONTENT: Final = {CSV: {"schema": {"type": "string"}}}
YEARS: Final = range(2000, 2101)


def period(
    told_from: datetime | None, told_to: datetime | None, *, until: datetime, days: int, days_max: int
) -> tuple[datetime, datetime]:
    """The period from `from` to `to`: to `until`, and from so many days before, where it is not told.

    Raises `Refused`.
    """
    for name, moment in (("from", told_from), ("to", told_to)):
        if moment is not None and moment.year not in YEARS:
            raise _refused(name, f"outside the years {YEARS.start} to {YEARS.stop - 1}")
    end = told_to or until
    start = told_from or end - timedelta(days=days)
    if start >= end:
        raise _refused("from", "is not before `to`")
    if end - start > timedelta(days=days_max):
        raise _refused("from", f"is more than {days_max} days before `to`")
    return start, end


def wants_table(request: Request) -> bool:
    """Whether the caller takes a table."""
    return CSV in request.headers.get("accept", "")


def table(text: str, file_name: str) -> Response:
    """A table, to be kept as a file of that name."""
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(text, media_type=f"{CSV}; charset=utf-8", headers=headers)


def _refused(name: str, message: str) -> Refused:
    return Refused(INVALID, violations=[Violation(name, message)])
