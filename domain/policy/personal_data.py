"""Part of the policy file on the personal data of victims."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel

Source = Annotated[str, Field(min_length=1, max_length=600)]


class PersonalDataRules(FrozenModel):
    """Personal data of victims."""

    found_max: Annotated[int, Field(ge=1, le=500)]
    """complaints that one search for a victim shows"""
    source: Source
