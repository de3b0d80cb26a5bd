"""Data of a cycle of inquiries in a workflow: ids and codes only."""

from schemas.base import FrozenModel


class AskForList(FrozenModel):
    """One inquiry to send to one institution."""

    inquiry_id: str
    institution: str
    by_channel: bool
    """whether the institution has a channel that can carry it"""


class RoundPlan(FrozenModel):
    """Work of one cycle: inquiries to send and work already done."""

    asks: tuple[AskForList, ...] = ()
    lists_compared: int = 0
    """complete lists that had not been compared"""
    told: int = 0
    """overdue lists of which the desk or a supervisor was notified"""


class RoundDone(FrozenModel):
    """Result of one cycle."""

    asked: int = 0
    lists_compared: int = 0
    told: int = 0
