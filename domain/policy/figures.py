"""Policy of figures and of nightly runs."""

from datetime import time
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel
from schemas.enums import LateBy, TimedStage
from schemas.nightly_runs import NightlyWork

Target = Annotated[float, Field(gt=0, le=400 * 86_400)]


class StageRule(FrozenModel):
    """Who is late when a stage is, and after how long."""

    late_by: LateBy
    policy_seconds: Target | None = None
    """None if each row has a due time of its own, or if the target follows from the class of the bank"""
    legal_seconds: Target | None = None
    source: Annotated[str, Field(min_length=3, max_length=600)]


class FigureRules(FrozenModel):
    """How stages are counted, and which counts may be shown."""

    exact_days: Annotated[int, Field(ge=1, le=31)]
    """a period of so many days is counted exactly; a longer one from the counts of its days"""
    within_days_max: Annotated[int, Field(ge=31, le=366)]
    """longest period whose cases of some districts are counted by another grouping than district or team"""
    cell_cases_min: Annotated[int, Field(ge=2, le=100)]
    """a category of fewer cases is not named, nor a district that is none of the State"""
    rows_max: Annotated[int, Field(ge=100, le=5000)]
    """most categories and districts that are named; all others are one row"""
    small_below: Annotated[int, Field(ge=1, le=1000)]
    """a share of fewer is called small"""
    fresh_seconds: Annotated[float, Field(ge=1, le=86_400)]
    """age at which today and yesterday are counted again"""
    older_seconds: Annotated[float, Field(ge=60, le=31 * 86_400)]
    """age at which an earlier day is counted again"""
    recount_days: Annotated[int, Field(ge=2, le=3660)]
    """days that are counted again; a day before them keeps its last count"""
    source: Annotated[str, Field(min_length=3, max_length=600)]
    stages: dict[TimedStage, StageRule]

    @model_validator(mode="after")
    def _has_every_stage(self) -> Self:
        missing = [stage.value for stage in TimedStage if stage not in self.stages]
        if missing:
            raise ValueError(f"stages lack {', '.join(missing)}")
        return self


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
