"""Part of the policy file on the figures of stages: targets, small numbers, and how long counts stay good."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel
from schemas.reporting.stage_figures import LateBy, TimedStage

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
