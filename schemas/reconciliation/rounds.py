"""What a round of asking banks for their lists carries through a workflow: ids and codes only."""

from schemas.base import FrozenModel


class AskForList(FrozenModel):
    """One question to be put to one institution."""

    inquiry_id: str
    institution: str
    by_channel: bool
    """whether a channel of the institution can carry it"""


class RoundPlan(FrozenModel):
    """What one round has to do, and what it has done already."""

    asks: tuple[AskForList, ...] = ()
    lists_compared: int = 0
    """lists that were whole and that nobody had compared"""
    told: int = 0
    """overdue lists of which desk or supervisor were told"""


class RoundDone(FrozenModel):
    """What came of one round."""

    asked: int = 0
    lists_compared: int = 0
    told: int = 0
