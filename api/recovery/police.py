"""The police side of a case: its officers, first information reports, orders of courts, and statutory duties."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from activities.recovery import court_orders as courts
from activities.recovery import firs as station
from activities.recovery import statutory_duties as clocks
from api.officers.auth import may
from api.officers.jurisdiction import refuse_outside
from api.officers.tokens import Officer
from api.params import PDF, AckNo, CourtOrderId
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from db.case import cases, firs
from db.recovery import court_orders, due_documents
from schemas.base import WithReason
from schemas.case.police import DOCUMENT_MAX_BYTES, CaseOfficer, Fir, FirCopy, NewFir, NewOfficer, SignFir
from schemas.recovery.court_orders import (
    CourtOrder,
    CourtOrderCopy,
    CourtOrdersTaken,
    Duty,
    FinishDuty,
    NewCourtOrder,
    PoliceSide,
    WideCourtOrder,
)
from schemas.restoration_enums import DutyKind

COURT_ORDERS: Final = "*/court-orders"
FIRS: Final = "*/fir"
FIR_COPIES: Final = "*/copy"
ORDER_COPIES: Final = "*/document"
DOCUMENT_BODY_MAX_BYTES: Final = DOCUMENT_MAX_BYTES * 4 // 3 + 64 * 1024
"""limit of a body that holds a PDF in Base64 and its other fields"""
_PDF_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The document.", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}

router = APIRouter(prefix="/api/v1/cases/{ack_no}", tags=["police"], responses=IN_THE_DESCRIPTION)
wide_router = APIRouter(prefix="/api/v1", tags=["police"], responses=IN_THE_DESCRIPTION)

FirTaker = Annotated[Officer, may(Action.TAKE_FIR)]
OrderTaker = Annotated[Officer, may(Action.TAKE_COURT_ORDER)]


@router.get("/police")
async def read_police_side(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_POLICE)], ack_no: AckNo
) -> PoliceSide:
    """Return the officers of the case, its FIRs, its orders of courts, and its statutory duties."""
    async with (
        services.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        case_no = await cases.case_no_of(connection, ack_no)
        return PoliceSide(
            case_ack_no=case_no,
            officers=await firs.officers(connection, case_no),
            firs=await firs.firs(connection, case_no),
            court_orders=await court_orders.of_case(connection, case_no),
            duties=await due_documents.of_case(connection, case_no),
        )


@router.post("/officer", status_code=201, responses=says(FOUR_EYES))
async def assign_officer(
    services: TheServices, officer: Annotated[Officer, may(Action.ASSIGN_OFFICER)], ack_no: AckNo, new: NewOfficer
) -> CaseOfficer:
    """Assign the investigating or supervising officer of the case from now on. No officer assigns themselves."""
    return await station.assign_officer(services.ctx, ack_no, new, officer.actor)


@router.post("/fir", responses=says(NOT_NOW))
async def take_fir(services: TheServices, officer: FirTaker, ack_no: AckNo, new: NewFir) -> Fir:
    """Ask the police register for an FIR, or record one that is registered. A repeated request gives the same FIR."""
    return await station.take_fir(services.ctx, ack_no, new, officer.actor)


@router.post("/fir/{fir_id}/copy", responses=says(NOT_NOW))
async def put_fir_copy(services: TheServices, officer: FirTaker, ack_no: AckNo, fir_id: UUID, copy: FirCopy) -> Fir:
    """Store the copy of the FIR as a PDF. Notices to banks are sent with it."""
    return await station.put_fir_copy(services.ctx, ack_no, fir_id, copy, officer.actor)


@router.get("/fir/{fir_id}/copy", response_class=Response, responses=_PDF_RESPONSE)
async def read_fir_copy(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_POLICE)], ack_no: AckNo, fir_id: UUID
) -> Response:
    """Return the copy of the FIR, as uploaded or as sent by the register."""
    async with services.ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        document = await firs.fir_copy(connection, case_no, fir_id, services.ctx.opens)
    return _attached(document, f"fir-{fir_id}.pdf")


@router.post("/fir/{fir_id}/sign", responses=says(NOT_NOW))
async def sign_fir(services: TheServices, officer: FirTaker, ack_no: AckNo, fir_id: UUID, signing: SignFir) -> Fir:
    """Record that the complainant has signed the e-Zero FIR."""
    return await station.sign_fir(services.ctx, ack_no, fir_id, signing, officer.actor)


@router.post("/court-orders", responses=says(NOT_NOW))
async def take_court_order(services: TheServices, officer: OrderTaker, ack_no: AckNo, new: NewCourtOrder) -> CourtOrder:
    """Record an order of a court.

    It counts once a second officer has confirmed it, and is void without its PDF. An order that keeps or restores
    money keeps the holds meanwhile. A repeated request gives the same order.
    """
    return await courts.take_court_order(services.ctx, ack_no, new, officer.actor)


@wide_router.post("/court-orders", responses=says(NOT_FOUND, NOT_NOW))
async def take_wide_order(services: TheServices, officer: OrderTaker, new: WideCourtOrder) -> CourtOrdersTaken:
    """Record one order for every account and case that it names. If one of them is refused, none is recorded."""
    await refuse_outside(services, officer, Action.TAKE_COURT_ORDER, [part.ack_no for part in new.about])
    return CourtOrdersTaken(orders=tuple(await courts.take_wide_order(services.ctx, new, officer.actor)))


@router.post("/court-orders/{court_order_id}/document", responses=says(NOT_NOW))
async def put_court_order_copy(
    services: TheServices, officer: OrderTaker, ack_no: AckNo, court_order_id: CourtOrderId, copy: CourtOrderCopy
) -> CourtOrder:
    """Store the PDF of an order that was recorded without one."""
    return await courts.put_order_copy(services.ctx, ack_no, court_order_id, copy, officer.actor)


@router.post("/court-orders/{court_order_id}/confirm", responses=says(NOT_NOW, FOUR_EYES))
async def confirm_court_order(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_COURT_ORDER)],
    ack_no: AckNo,
    court_order_id: CourtOrderId,
    why: WithReason,
) -> CourtOrder:
    """Confirm an order as an officer who did not record it, so that it counts.

    An order to release is then ordered to the banks.
    """
    return await courts.confirm_court_order(services.ctx, ack_no, court_order_id, why.reason, officer.actor)


@router.get("/court-orders/{court_order_id}/document", response_class=Response, responses=_PDF_RESPONSE)
async def read_court_order(
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_POLICE)],
    ack_no: AckNo,
    court_order_id: CourtOrderId,
) -> Response:
    """Return the PDF of the order, as uploaded."""
    async with services.ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        document = await court_orders.document(connection, case_no, court_order_id, services.ctx.opens)
    return _attached(document, f"court-order-{court_order_id}.pdf")


@router.post("/court-orders/{court_order_id}/withdraw", responses=says(NOT_NOW))
async def withdraw_court_order(
    services: TheServices, officer: OrderTaker, ack_no: AckNo, court_order_id: CourtOrderId, why: WithReason
) -> CourtOrder:
    """Withdraw an order that was recorded by mistake and led to no order to a bank.

    For one that retains holds this asks for the withdrawal, which another officer confirms.
    """
    return await courts.withdraw_court_order(services.ctx, ack_no, court_order_id, why.reason, officer.actor)


@router.post("/court-orders/{court_order_id}/withdraw/confirm", responses=says(NOT_NOW, FOUR_EYES))
async def confirm_court_order_withdrawal(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_COURT_ORDER)],
    ack_no: AckNo,
    court_order_id: CourtOrderId,
    why: WithReason,
) -> CourtOrder:
    """Withdraw an order as another officer than the one who asked for its withdrawal."""
    return await courts.confirm_withdrawal(services.ctx, ack_no, court_order_id, why.reason, officer.actor)


@router.post("/duties/{kind}/done", responses=says(NOT_NOW))
async def finish_duty(
    services: TheServices,
    officer: Annotated[Officer, may(Action.DO_DUTY)],
    ack_no: AckNo,
    kind: DutyKind,
    how: FinishDuty,
) -> Duty:
    """Finish a duty: its report was submitted, or it needs no document of ours.

    A signature is recorded with its FIR instead.
    """
    reason, handed_in = how.reason or "", how.handed_in
    return await clocks.finish_by_hand(services.ctx, ack_no, kind, reason, officer.actor, handed_in=handed_in)


def _attached(document: bytes, name: str) -> Response:
    """Return a PDF as a sandboxed download, because a scan is a file of unknown origin."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    return Response(document, media_type=PDF, headers=headers)
