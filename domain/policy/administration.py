"""Part of the policy file on proposals of admins, in real time whatever the clock factor."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel


class AdministrationRules(FrozenModel):
    """Limits of proposals that another admin decides."""

    valid_seconds: Annotated[float, Field(ge=60, le=90 * 86_400)]
    """time after a proposal in which another admin may agree to it"""
    open_most: Annotated[int, Field(ge=1, le=10_000)]
    """open proposals at once"""
    source: Annotated[str, Field(min_length=3, max_length=600)]
