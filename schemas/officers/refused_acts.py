"""Refused acts of officers, scripts and banks, as the log of them has them."""

from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime


class NewRefusedAct(FrozenModel):
    """An act that was refused, before it is written."""

    caller: str | None
    """`officer:<id>`, `script:<name>` or `bank:<code>`; None for the login of an e-mail that no bank has"""
    is_proven: bool
    """whether the credential was genuine, even if it was over; else anybody may have named this caller"""
    session_id: UUID | None
    token_id: int | None
    method: str
    route: str
    """the template of the route; a hyphen without one, an asterisk for the further lines of a caller in a minute"""
    status: int
    code: str
    """the code of the problem"""
    address: str


class RefusedAct(NewRefusedAct):
    """A line of the log: an act of a caller, and how often it was refused in a minute."""

    act_id: int
    at: UtcDatetime
    times: int


class RefusedActPage(FrozenModel):
    """A page of the log of refused acts, the newest first."""

    items: tuple[RefusedAct, ...]
    next: str | None
