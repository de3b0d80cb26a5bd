"""Part of the policy file on the personal data of victims."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel

Source = Annotated[str, Field(min_length=1, max_length=600)]
YearSeconds = Annotated[float, Field(gt=0, le=30 * 366 * 86_400)]


class RetentionRules(FrozenModel):
    """How long personal data are kept after the last event of a case that is over, by its outcome."""

    withdrawn_seconds: YearSeconds
    """the complaint was withdrawn by two officers"""
    nothing_held_seconds: YearSeconds
    """no money was ever on hold"""
    released_seconds: YearSeconds
    """money was on hold, and none was restored"""
    restored_seconds: YearSeconds
    """money was restored"""
    bodies_of_bank_seconds: YearSeconds
    """messages of a bank that are of no single case; longer while a case needs them"""
    look_again_seconds: YearSeconds
    """time after which it is looked at again whether data are kept"""
    source: Source


class PersonalDataRules(FrozenModel):
    """Personal data of victims."""

    found_max: Annotated[int, Field(ge=1, le=500)]
    """complaints that one search for a victim shows"""
    source: Source
    retention: RetentionRules
