"""The police side of a case: who answers for it, first information reports, orders of courts, duties."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from activities.police import firs as station
from activities.police import statutory_duties as clocks
from activities.restoration import court_orders as courts
from api.auth import may
from api.dependencies import TheParts
from api.params import PDF, AckNo, CourtOrderId
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.tokens import Officer
from db.cases import cases
from db.police import firs, statutory_duties
from db.restoration import court_orders
from schemas.base import WithReason
from schemas.police import (
    DOCUMENT_MAX_BYTES,
    CaseOfficer,
    CourtOrder,
    CourtOrderCopy,
    CourtOrdersTaken,
    Duty,
    FinishDuty,
    Fir,
    FirCopy,
    NewCourtOrder,
    NewFir,
    NewOfficer,
    PoliceSide,
    SignFir,
    WideCourtOrder,
)
from schemas.restoration_enums import DutyKind

COURT_ORDERS: Final = "*/court-orders"
FIRS: Final = "*/fir"
FIR_COPIES: Final = "*/copy"
ORDER_COPIES: Final = "*/document"
DOCUMENT_BODY_MAX_BYTES: Final = DOCUMENT_MAX_BYTES * 4 // 3 + 64 * 1024
"""of the body: the PDF in Base64, and what is said of it"""
_PDF_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The document.", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}

router = APIRouter(prefix="/api/v1/cases/{ack_no}", tags=["police"], responses=IN_THE_DESCRIPTION)
wide_router = APIRouter(prefix="/api/v1", tags=["police"], responses=IN_THE_DESCRIPTION)

FirTaker = Annotated[Officer, may(Action.TAKE_FIR)]
OrderTaker = Annotated[Officer, may(Action.TAKE_COURT_ORDER)]


@router.get("/police")
async def read_police_side(
    parts: TheParts, officer: Annotated[Officer, may(Action.READ_POLICE)], ack_no: AckNo
) -> PoliceSide:
    """Who answers for the case, its reports, the orders about it, and what the law asks for and by when."""
    async with (
        parts.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        case_no = await cases.case_no_of(connection, ack_no)
        return PoliceSide(
            case_ack_no=case_no,
            officers=await firs.officers(connection, case_no),
            firs=await firs.firs(connection, case_no),
            court_orders=await court_orders.of_case(connection, case_no),
            duties=await statutory_duties.of_case(connection, case_no),
        )


@router.post("/officer", status_code=201)
async def assign_officer(
    parts: TheParts, officer: Annotated[Officer, may(Action.ASSIGN_OFFICER)], ack_no: AckNo, new: NewOfficer
) -> CaseOfficer:
    """Say who investigates, or supervises, from now on."""
    return await station.assign_officer(parts.ctx, ack_no, new, officer.actor)


@router.post("/fir", responses=says(NOT_NOW))
async def take_fir(parts: TheParts, officer: FirTaker, ack_no: AckNo, new: NewFir) -> Fir:
    """Ask the police's register for a report, or record one that stands there; asked twice, it is one."""
    return await station.take_fir(parts.ctx, ack_no, new, officer.actor)


@router.post("/fir/{fir_id}/copy", responses=says(NOT_NOW))
async def put_fir_copy(parts: TheParts, officer: FirTaker, ack_no: AckNo, fir_id: UUID, copy: FirCopy) -> Fir:
    """The report itself, a PDF; notices to banks go out with it."""
    return await station.put_fir_copy(parts.ctx, ack_no, fir_id, copy, officer.actor)


@router.get("/fir/{fir_id}/copy", response_class=Response, responses=_PDF_RESPONSE)
async def read_fir_copy(
    parts: TheParts, officer: Annotated[Officer, may(Action.READ_POLICE)], ack_no: AckNo, fir_id: UUID
) -> Response:
    """The report as it was handed in, or as the register sent it."""
    async with parts.ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        document = await firs.fir_copy(connection, case_no, fir_id)
    return _attached(document, f"fir-{fir_id}.pdf")


@router.post("/fir/{fir_id}/sign", responses=says(NOT_NOW))
async def sign_fir(parts: TheParts, officer: FirTaker, ack_no: AckNo, fir_id: UUID, signing: SignFir) -> Fir:
    """The complainant has signed the e-Zero FIR."""
    return await station.sign_fir(parts.ctx, ack_no, fir_id, signing, officer.actor)


@router.post("/court-orders", responses=says(NOT_NOW))
async def take_court_order(parts: TheParts, officer: OrderTaker, ack_no: AckNo, new: NewCourtOrder) -> CourtOrder:
    """Take an order in, with its PDF; what follows from it follows at once. Handed in twice, it is one."""
    return await courts.take_court_order(parts.ctx, ack_no, new, officer.actor)


@wide_router.post("/court-orders", responses=says(NOT_FOUND, NOT_NOW))
async def take_wide_order(parts: TheParts, officer: OrderTaker, new: WideCourtOrder) -> CourtOrdersTaken:
    """Take one order in for every account and case that it names, or, where one of them is refused, for none."""
    return CourtOrdersTaken(orders=tuple(await courts.take_wide_order(parts.ctx, new, officer.actor)))


@router.post("/court-orders/{court_order_id}/document", responses=says(NOT_NOW))
async def put_court_order_copy(
    parts: TheParts, officer: OrderTaker, ack_no: AckNo, court_order_id: CourtOrderId, copy: CourtOrderCopy
) -> CourtOrder:
    """The order itself, a PDF, where it was taken in without."""
    return await courts.put_order_copy(parts.ctx, ack_no, court_order_id, copy, officer.actor)


@router.post("/court-orders/{court_order_id}/confirm", responses=says(NOT_NOW, FOUR_EYES))
async def confirm_court_order(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.CONFIRM_COURT_ORDER)],
    ack_no: AckNo,
    court_order_id: CourtOrderId,
    why: WithReason,
) -> CourtOrder:
    """Another officer than who took it in has read an order to let go; the banks are ordered to."""
    return await courts.confirm_court_order(parts.ctx, ack_no, court_order_id, why.reason, officer.actor)


@router.get("/court-orders/{court_order_id}/document", response_class=Response, responses=_PDF_RESPONSE)
async def read_court_order(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.READ_POLICE)],
    ack_no: AckNo,
    court_order_id: CourtOrderId,
) -> Response:
    """The order as it was handed in."""
    async with parts.ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        document = await court_orders.document(connection, case_no, court_order_id)
    return _attached(document, f"court-order-{court_order_id}.pdf")


@router.post("/court-orders/{court_order_id}/withdraw", responses=says(NOT_NOW))
async def withdraw_court_order(
    parts: TheParts, officer: OrderTaker, ack_no: AckNo, court_order_id: CourtOrderId, why: WithReason
) -> CourtOrder:
    """It was taken in by mistake, and no bank was ordered anything under it."""
    return await courts.withdraw_court_order(parts.ctx, ack_no, court_order_id, why.reason, officer.actor)


@router.post("/duties/{kind}/done", responses=says(NOT_NOW))
async def finish_duty(
    parts: TheParts, officer: Annotated[Officer, may(Action.DO_DUTY)], ack_no: AckNo, kind: DutyKind, how: FinishDuty
) -> Duty:
    """The report is handed in, or a duty needs no paper of ours; a signature is recorded with its FIR."""
    reason, handed_in = how.reason or "", how.handed_in
    return await clocks.finish_by_hand(parts.ctx, ack_no, kind, reason, officer.actor, handed_in=handed_in)


def _attached(document: bytes, name: str) -> Response:
    """A scan is a stranger's file: it is kept apart from our pages."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return Response(document, media_type=PDF, headers=headers)
