"""Transfers that two complainants claim: one officer proposes who paid, and a second officer agrees."""

from typing import Annotated

from fastapi import APIRouter, Path

from activities.recovery import payer_decisions
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import AckNo, HopNo
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from schemas.recovery.officer_steps import ContestedTransfers, NewPayerDecision, PayerDecision, SeenPayerDecision

payer_decisions_router = APIRouter(prefix="/api/v1/cases/{ack_no}", tags=["restorations"], responses=IN_THE_DESCRIPTION)

DecisionId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@payer_decisions_router.get("/contested-transfers", name="read_contested_transfers", responses=says(NOT_FOUND))
async def read(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], ack_no: AckNo
) -> ContestedTransfers:
    """List the transfers whose payer complaints tell differently, with accounts masked, and the decisions on them."""
    return await payer_decisions.contested(services.ctx, ack_no)


@payer_decisions_router.post(
    "/hops/{hop_no}/payer-decisions", name="propose_payer_decision", responses=says(NOT_NOW, NOT_FOUND)
)
async def propose(
    services: TheServices,
    officer: Annotated[Officer, may(Action.PROPOSE_PAYER)],
    ack_no: AckNo,
    hop_no: HopNo,
    new: NewPayerDecision,
) -> PayerDecision:
    """Propose which complaint is right about who paid. It counts only after a second officer has agreed."""
    return await payer_decisions.propose(services.ctx, ack_no, hop_no, new, officer.actor)


@payer_decisions_router.post(
    "/hops/{hop_no}/payer-decisions/{decision_id}/agree",
    name="agree_to_payer_decision",
    responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND),
)
async def agree(
    services: TheServices,
    officer: Annotated[Officer, may(Action.AGREE_TO_PAYER)],
    ack_no: AckNo,
    hop_no: HopNo,
    decision_id: DecisionId,
    seen: SeenPayerDecision,
) -> PayerDecision:
    """Agree to another officer's proposal. The complaint that is right is the one whose victim is credited."""
    return await payer_decisions.agree(services.ctx, ack_no, hop_no, decision_id, seen, officer.actor)
