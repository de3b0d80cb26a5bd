"""Part of the policy file on what banks say by telephone."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]


class TelephoneRules(FrozenModel):
    """Calls that banks promise to the desk."""

    call_back_within_seconds: Seconds
    """the latest that a bank may promise, in real time"""
    call_again_after_seconds: Seconds
    """time after the promised call at which the desk telephones"""
    supervise_after_seconds: Seconds
    """time after that at which the supervisor is told"""
    source: Annotated[str, Field(min_length=3, max_length=600)]
