"""Part of the policy file on notices of work items to officers, in real time whatever the clock factor."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel
from schemas.enums import Role
from schemas.notifications import NoticeSetting

Seconds = Annotated[int, Field(ge=10, le=7 * 86_400)]
Source = Annotated[str, Field(min_length=3, max_length=900)]


class NoticeRules(FrozenModel):
    """How officers are told of work items."""

    unheard_seconds: Seconds
    """after so long the team's lead, or the supervisors, are told of an item of which no officer on shift could be"""
    deadline_seconds: Seconds
    """so long before its deadline officers are told of an item once more"""
    lease_seconds: Seconds
    """so long before the end of a lease its owner is told"""
    sms_a_day_max: Annotated[int, Field(ge=1, le=200)]
    """messages over SMS to one officer in 24 hours; what comes meanwhile waits, and is one message"""
    listed_max: Annotated[int, Field(ge=1, le=100)]
    """items that one message lists"""
    keep_seconds: Annotated[int, Field(ge=3_600, le=400 * 86_400)]
    """time for which it is stored who was told of what"""
    source: Source
    defaults: dict[Role, NoticeSetting]
    """setting of an officer who has none; of several roles the first in this order counts"""

    @model_validator(mode="after")
    def _desk_is_told(self) -> Self:
        missing = {Role.DESK, Role.SUPERVISOR} - self.defaults.keys()
        if missing:
            raise ValueError(f"notices.defaults: {', '.join(sorted(missing))} must be told")
        return self
