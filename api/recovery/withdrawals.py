"""Withdrawal of a complaint, or of one transfer of it: one officer proposes it, and a second officer decides."""

from typing import Annotated

from fastapi import APIRouter, Path

from activities.recovery import withdrawals
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import AckNo
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from schemas.base import WithReason
from schemas.recovery.officer_steps import NewWithdrawal, Withdrawal, Withdrawals

router = APIRouter(prefix="/api/v1/complaints/{ack_no}/withdrawals", tags=["desk"], responses=IN_THE_DESCRIPTION)

WithdrawalId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Decider = Annotated[Officer, may(Action.DECIDE_WITHDRAWAL)]


@router.get("", name="read_withdrawals", responses=says(NOT_FOUND))
async def read(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], ack_no: AckNo
) -> Withdrawals:
    """List the withdrawals of a complaint and of its transfers, the newest first."""
    return await withdrawals.told_for(services.ctx, ack_no)


@router.post("", name="propose_withdrawal", status_code=201, responses=says(NOT_NOW, NOT_FOUND))
async def propose(
    services: TheServices,
    officer: Annotated[Officer, may(Action.PROPOSE_WITHDRAWAL)],
    ack_no: AckNo,
    new: NewWithdrawal,
) -> Withdrawal:
    """Propose to withdraw a false, mistaken or settled complaint, or one transfer of it. A second officer decides."""
    return await withdrawals.propose(services.ctx, ack_no, new, officer.actor)


@router.post("/{withdrawal_id}/agree", name="agree_to_withdrawal", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND))
async def agree(
    services: TheServices, officer: Decider, ack_no: AckNo, withdrawal_id: WithdrawalId, why: WithReason
) -> Withdrawal:
    """Withdraw what another officer has proposed.

    Its requests end, and it claims nothing any more. Its money on hold goes to the other claims at the account, and the
    rest is released to the account holder.
    """
    done, follow_up = await withdrawals.agree(services.ctx, ack_no, withdrawal_id, why.reason, officer.actor)
    if follow_up is not None:
        services.notifier.soon(follow_up)
    return done


@router.post("/{withdrawal_id}/reject", name="reject_withdrawal", responses=says(NOT_NOW, NOT_FOUND))
async def reject(
    services: TheServices, officer: Decider, ack_no: AckNo, withdrawal_id: WithdrawalId, why: WithReason
) -> Withdrawal:
    """Reject a withdrawal. It then has no effect."""
    return await withdrawals.reject(services.ctx, ack_no, withdrawal_id, why.reason, officer.actor)
