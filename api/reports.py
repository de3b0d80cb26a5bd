"""The shared part of reports over a period, as JSON and as a CSV table for a spreadsheet."""

from datetime import datetime, timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.problems import INVALID, Refused, Violation

CSV: Final = "text/csv"
CSV_CONTENT: Final = {CSV: {"schema": {"type": "string"}}}
YEARS: Final = range(2000, 2101)


def period(
    asked_from: datetime | None, asked_to: datetime | None, *, until: datetime, days: int, days_max: int
) -> tuple[datetime, datetime]:
    """Return the period of a report.

    Without `asked_to` it ends at `until`. Without `asked_from` it begins `days` before its end. Raises `Refused`.
    """
    for name, moment in (("from", asked_from), ("to", asked_to)):
        if moment is not None and moment.year not in YEARS:
            raise _refused(name, f"outside the years {YEARS.start} to {YEARS.stop - 1}")
    end = asked_to or until
    start = asked_from or end - timedelta(days=days)
    if start >= end:
        raise _refused("from", "is not before `to`")
    if end - start > timedelta(days=days_max):
        raise _refused("from", f"is more than {days_max} days before `to`")
    return start, end


def wants_table(request: Request) -> bool:
    """Return whether the caller accepts CSV."""
    return CSV in request.headers.get("accept", "")


def table(text: str, file_name: str) -> Response:
    """Return a CSV table as a download with this file name."""
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(text, media_type=f"{CSV}; charset=utf-8", headers=headers)


def _refused(name: str, message: str) -> Refused:
    return Refused(INVALID, violations=[Violation(name, message)])
