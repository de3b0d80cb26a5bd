"""The shared part of reports over a period, as JSON and as tables: CSV, or a workbook."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.forms import preferred
from api.problems import INVALID, Refused, Violation
from documents.spreadsheet import Table
from documents.wording import for_people
from schemas.text import IST

CSV: Final = "text/csv"
CSV_CONTENT: Final = {CSV: {"schema": {"type": "string"}}}
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TABLE_CONTENT: Final = {**CSV_CONTENT, XLSX: {"schema": {"type": "string", "format": "binary"}}}
YEARS: Final = range(2000, 2101)


def period(
    asked_from: datetime | None, asked_to: datetime | None, *, until: datetime, days: int, days_max: int
) -> tuple[datetime, datetime]:
    """Return the period of a report.

    Without `asked_to` it ends at `until`. Without `asked_from` it begins `days` before its end. Raises `Refused`.
    """
    for name, moment in (("from", asked_from), ("to", asked_to)):
        if moment is not None and moment.year not in YEARS:
            raise refused(name, f"outside the years {YEARS.start} to {YEARS.stop - 1}")
    end = asked_to or until
    start = asked_from or end - timedelta(days=days)
    if start >= end:
        raise refused("from", "is not before `to`")
    if end - start > timedelta(days=days_max):
        raise refused("from", f"is more than {days_max} days before `to`")
    return start, end


def days(
    asked_from: datetime | None, asked_to: datetime | None, *, now: datetime, default: int, longest: int
) -> tuple[date, date]:
    """Return the first day of a report of whole days of Indian time, and the day after the last one.

    Without `asked_to` today is its last day. Raises `Refused`.
    """
    for name, moment in (("from", asked_from), ("to", asked_to)):
        if moment is not None and moment.astimezone(IST).time() != time():
            raise refused(name, "is not the beginning of a day of Indian time")
    tomorrow = datetime.combine(now.astimezone(IST).date() + timedelta(days=1), time(), IST)
    start, end = period(asked_from, asked_to, until=tomorrow, days=default, days_max=longest)
    return start.astimezone(IST).date(), end.astimezone(IST).date()


def wants_file(request: Request) -> bool:
    """Return whether the caller accepts a table as a file: CSV or a workbook."""
    accepted = request.headers.get("accept", "")
    return CSV in accepted or XLSX in accepted


async def as_file(request: Request, rows: Table, name: str) -> Response:
    """Return a table as the file that the caller accepts. It is written in a thread, beside other requests.

    A person's program sends `Accept-Language` and gets headings in that language. Other programs get the names of
    the API.
    """
    language = preferred(request.headers.get("accept-language", ""))
    if language is not None:
        rows = await asyncio.to_thread(for_people, rows, language)
    return await (as_workbook if XLSX in request.headers.get("accept", "") else as_csv)(rows, name)


async def as_workbook(rows: Table, name: str) -> Response:
    """Return a table as a workbook."""
    return _download(await asyncio.to_thread(rows.to_workbook), XLSX, f"{name}.xlsx")


async def as_csv(rows: Table, name: str) -> Response:
    """Return a table as CSV."""
    return _download(await asyncio.to_thread(rows.to_csv), f"{CSV}; charset=utf-8", f"{name}.csv")


def _download(data: str | bytes, media_type: str, file_name: str) -> Response:
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{file_name}"'})


def refused(name: str, message: str) -> Refused:
    """Return the refusal of one parameter."""
    return Refused(INVALID, violations=[Violation(name, message)])
