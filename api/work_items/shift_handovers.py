"""Records of the ends of shifts: read by the next shift, with the notes of their officers."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from activities.work_items import shift_handovers
from activities.work_items.shift_handovers import handover_table
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import TheServices
from db.work_items import shift_handovers as rows
from schemas.text import Line
from schemas.work_items.shift_handovers import EarlyNote, HandoverNote, OwnShifts, ShiftHandover, ShiftPage

shift_handovers_router = APIRouter(prefix="/api/v1/shifts", tags=["desk"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_TASKS)]
Writer = Annotated[Officer, may(Action.OWN_TASK)]
ShiftId = Annotated[int, Path(ge=1, lt=2**63, description="Id of a shift that has ended.")]
_RESPONSES = {
    200: {"content": TABLE_CONTENT, "description": "The record, or its items as a table."},
    **says(NOT_FOUND),
}


@shift_handovers_router.get("", name="list_shifts")
async def list_shifts(
    services: TheServices,
    officer: Reader,
    team: Annotated[Line | None, Query(description="Only shifts of this team.")] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> ShiftPage:
    """List the shifts that have ended, the newest first, with what was open at their ends."""
    async with services.ctx.pool.acquire() as connection:
        return await rows.page(connection, team, after, limit)


@shift_handovers_router.get("/own", name="list_own_shifts")
async def own(services: TheServices, officer: Writer) -> OwnShifts:
    """List the shifts of the officer that run or have no record yet, with the officer's own notes for them."""
    return await shift_handovers.own_shifts(services.ctx, officer.subject)


@shift_handovers_router.put("/own/note", name="write_early_note", status_code=204, responses=says(NOT_FOUND))
async def write_early_note(services: TheServices, officer: Writer, told: EarlyNote) -> None:
    """Write the note for an own shift before its record is there. The record takes it over."""
    await shift_handovers.write_early_note(services.ctx, officer.subject, told)


@shift_handovers_router.get(
    "/{shift_id}/handover", name="read_handover", response_model=ShiftHandover, responses=_RESPONSES
)
async def read_shift(request: Request, services: TheServices, officer: Reader, shift_id: ShiftId) -> Response:
    """Return what each officer of a shift did and left, with the officers' notes."""
    within = await within_of(services, officer, Action.READ_TASKS)
    found = await shift_handovers.read(services.ctx, shift_id, within)
    if wants_file(request):
        return await as_file(request, handover_table(found), "handover")
    return Response(found.model_dump_json(), media_type="application/json")


@shift_handovers_router.put(
    "/{shift_id}/handover/note", name="write_handover_note", status_code=204, responses=says(NOT_FOUND, NOT_NOW)
)
async def write_note(services: TheServices, officer: Writer, shift_id: ShiftId, told: HandoverNote) -> None:
    """Add a note to the record of an own shift, in place of an earlier one."""
    await shift_handovers.write_note(services.ctx, shift_id, officer.subject, told)
