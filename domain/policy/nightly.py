"""Part of the policy file on nightly runs: when they begin, what they take of the machine, what they keep."""

from datetime import time
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel
from schemas.nightly_runs import NightlyWork

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class NightlyRules(FrozenModel):
    """When the engine verifies all cases and anchors their logs."""

    anchor_at: time
    """time of day in IST"""
    verify_at: time
    """time of day in IST"""
    window_seconds: Seconds
    """A run begins so long after that time at most. A missed night is not made up in the day's rush."""
    again_after_seconds: Seconds
    """how long after a run that failed the next try begins"""
    rest_ratio: Annotated[float, Field(ge=0, le=100)]
    """rest after each batch of cases, as a multiple of the time that the batch took"""
    busy_wait_seconds: Annotated[float, Field(ge=0, le=3_600)]
    """how long each batch waits at most while requests and answers come"""
    keep_anchor_days: Annotated[int, Field(ge=1, le=3_660)]
    """so many of the newest days with a list of an anchor keep their lists; of older ones one a month is kept"""
    source: Annotated[str, Field(min_length=1, max_length=600)]

    def at(self, work: NightlyWork) -> time:
        """Return the time of day in IST at which this work begins."""
        return self.anchor_at if work is NightlyWork.ANCHOR else self.verify_at
