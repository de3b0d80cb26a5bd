"""Part of the policy file on owners of work items, in real time whatever the clock factor."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel
from schemas.enums import TaskKind

Seconds = Annotated[int, Field(ge=60, le=400 * 86_400)]
Source = Annotated[str, Field(min_length=3, max_length=600)]


class UnownedRules(FrozenModel):
    """After how long the supervisor is told of an item without an owner, once."""

    seconds: dict[TaskKind, Seconds]
    """a kind that is missing has none"""
    source: Source

    @model_validator(mode="after")
    def _no_alarm_about_an_alarm(self) -> Self:
        if TaskKind.SUPERVISE in self.seconds:
            raise ValueError("unowned: items of the supervisor have no alarm")
        return self


class WorkItemRules(FrozenModel):
    """How long an officer has a work item, and how long an item may be without an owner."""

    lease_seconds: Seconds
    """an owner who does nothing in the case for this long has the item no more"""
    snooze_max_seconds: Seconds
    keep_acts_seconds: Seconds
    """time for which it is stored who gave an item to whom, with their notes"""
    unowned: UnownedRules
    source: Source
