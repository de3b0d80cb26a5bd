"""Withdrawal of a complaint, or of one transfer of it: one officer proposes it, and a second officer agrees."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, Reason, UtcDatetime


class WithdrawalKind(StrEnum):
    """Why a complaint is withdrawn."""

    FALSE = "false"
    """what it tells did not happen"""
    MISTAKEN = "mistaken"
    """it names a wrong transfer, or tells one a second time"""
    SETTLED = "settled"
    """the victim has the money back, or claims it no more"""


class WithdrawalDecision(StrEnum):
    """Decision of the second officer on a withdrawal."""

    AGREED = "agreed"
    REJECTED = "rejected"


class NewWithdrawal(FrozenModel):
    """Withdrawal as one officer proposes it; without `hop_no` of the whole complaint."""

    kind: WithdrawalKind
    hop_no: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """a transfer of the complaint. What the banks found below it is withdrawn with it"""
    reason: Reason


class Withdrawal(FrozenModel):
    """Withdrawal and its decision, if any."""

    withdrawal_id: int
    ack_no: str
    hop_no: int | None
    kind: WithdrawalKind
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    decision: WithdrawalDecision | None
    decided_by: str | None
    decided_at: UtcDatetime | None
    decided_reason: str | None
    hop_nos: tuple[int, ...]
    """hops that it took out; empty until it is agreed"""


class Withdrawals(FrozenModel):
    """Withdrawals of a complaint, the newest first."""

    withdrawals: tuple[Withdrawal, ...]
