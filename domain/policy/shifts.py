"""Part of the policy file on the ends of shifts, in real time whatever the clock factor."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel


class AtShiftEnd(StrEnum):
    """Rule for the work items that an officer still has at the end of a shift."""

    RETURN = "return"
    """they go back to the list of those without an owner"""
    GIVE = "give"
    """each goes to the officer on shift who can act on it and has the fewest; without one it goes back to the list"""


class ShiftRules(FrozenModel):
    """Rules for the end of a shift."""

    grace_seconds: Annotated[int, Field(ge=0, le=3_600)]
    """so long after its end the record is written; an officer who acts in a case after the end keeps its items"""
    look_back_seconds: Annotated[int, Field(ge=3_600, le=7 * 86_400)]
    """a shift that ended longer ago gets no record"""
    items: AtShiftEnd
    keep_seconds: Annotated[int, Field(ge=86_400, le=1_100 * 86_400)]
    """time for which the records are stored"""
    source: Annotated[str, Field(min_length=3, max_length=900)]
