"""Rules of the page on which a victim reads the own complaint and signs the application."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel


class MyCaseRules(FrozenModel):
    """Times and tries of codes to victims, and of the visits that they begin; in real time except the last."""

    code_valid_seconds: Annotated[float, Field(ge=60, le=86_400)]
    code_tries: Annotated[int, Field(ge=1, le=20)]
    """tries of one code from one address"""
    code_tries_in_all: Annotated[int, Field(ge=1, le=1_000)]
    """tries of one code from all addresses together"""
    visit_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """time without a request after which a visit is over"""
    visit_max_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """longest visit, whatever the number of requests"""
    mobile_settles_seconds: Annotated[float, Field(ge=0, le=30 * 86_400)]
    """time after officers corrected a mobile, until a code sent there may sign; divided by the clock factor"""
    source: Annotated[str, Field(min_length=1, max_length=600)]
