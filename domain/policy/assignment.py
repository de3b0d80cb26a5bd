"""Part of the policy file on the officers whom the engine assigns."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel


class AssignmentRules(FrozenModel):
    """How the engine looks for officers of cases."""

    leave_days: Annotated[int, Field(ge=0, le=366)]
    """the cases of an officer who is absent for more days in a row get another one"""
    look_again_seconds: Annotated[float, Field(ge=1, le=7 * 86_400)]
    """pause before the next look for a case for which no officer was found"""
    officers_seconds: Annotated[float, Field(ge=1, le=86_400)]
    """pause between two looks for officers who left their cases"""
    source: Annotated[str, Field(min_length=1, max_length=600)]
