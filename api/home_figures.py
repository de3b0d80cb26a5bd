"""The measures of the way home, as JSON and as a table for a spreadsheet."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities import home_figures
from activities.hands import Hands
from activities.home_figures import DAYS_DEFAULT, DAYS_MAX, period_of, to_csv
from api.auth import may
from api.parts import TheParts
from api.problems import IN_THE_DESCRIPTION, INVALID, Refused, Violation
from api.roles import Action
from api.tokens import Officer
from db.home_figures import Period
from schemas.complaints import LocalDatetime
from schemas.home_figures import HomeBy, HomeReport

router = APIRouter(prefix="/api/v1/restorations", tags=["restorations"], responses=IN_THE_DESCRIPTION)

CSV: Final = "text/csv"
CSV_CONTENT: Final = {CSV: {"schema": {"type": "string"}}}
YEARS: Final = range(2000, 2101)
READS_MAX: Final = 1
"""reports counted at once in a process; the next waits. The work of the day needs the database more."""

Reader = Annotated[Officer, may(Action.READ_RESTORATION)]
By = Annotated[HomeBy | None, Query(description="A row for each of these; without it only the total.")]
From = Annotated[
    LocalDatetime | None, Query(alias="from", description="Cases opened from then on; a year before `to` by default.")
]
To = Annotated[LocalDatetime | None, Query(alias="to", description="Cases opened before then; now by default.")]


class CountingRoom:
    """Counts for one reader at a time."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._seats = asyncio.Semaphore(READS_MAX)

    async def report(self, period: Period, by: HomeBy | None) -> HomeReport:
        """The figures, all of one snapshot."""
        async with self._seats:
            return await home_figures.read(self._hands, period, by)


@router.get(
    "/figures",
    name="read_home_figures",
    response_model=HomeReport,
    responses={200: {"content": CSV_CONTENT, "description": "The report, or its table to whoever accepts a CSV."}},
)
async def read_figures(
    request: Request,
    parts: TheParts,
    officer: Reader,
    by: By = None,
    opened_from: From = None,
    opened_to: To = None,
) -> Response:
    """What is held, restored, released and lost, by stage, with the time it took and what is overdue."""
    room: CountingRoom = request.app.state.counting_room
    report = await room.report(_period(parts.hands, opened_from, opened_to), by)
    if CSV in request.headers.get("accept", ""):
        headers = {"Content-Disposition": 'attachment; filename="way-home.csv"'}
        return Response(to_csv(report), media_type=f"{CSV}; charset=utf-8", headers=headers)
    return Response(report.model_dump_json(), media_type="application/json")


def _period(hands: Hands, opened_from: datetime | None, opened_to: datetime | None) -> Period:
    """The period that is asked for. Raises `Refused`."""
    now = datetime.now(UTC)
    for name, moment in (("from", opened_from), ("to", opened_to)):
        if moment is not None and moment.year not in YEARS:
            raise _refused(name, f"outside the years {YEARS.start} to {YEARS.stop - 1}")
    # A case that is opened this very moment is counted too.
    end = opened_to or now + timedelta(seconds=1)
    start = opened_from or end - timedelta(days=DAYS_DEFAULT)
    if start >= end:
        raise _refused("from", "is not before `to`")
    if end - start > timedelta(days=DAYS_MAX):
        raise _refused("from", f"is more than {DAYS_MAX} days before `to`")
    return period_of(hands, start, end, now)


def _refused(name: str, message: str) -> Refused:
    return Refused(INVALID, violations=[Violation(name, message)])
