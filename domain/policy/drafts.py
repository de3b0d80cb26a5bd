"""Part of the policy file on drafts of complaints."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel


class DraftRules(FrozenModel):
    """How long drafts are kept, and how many there are."""

    kept_seconds: Annotated[float, Field(ge=60, le=30 * 86_400)]
    """time after the last saving at which a draft is forgotten, with the key of its content"""
    open_max: Annotated[int, Field(ge=1, le=200)]
    """drafts of one officer that are not sent"""
    sent_max: Annotated[int, Field(ge=1, le=1_000)]
    """drafts of one officer that are sent, and not ended yet"""
    contact_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """time after the complaint is taken in which one officer fills in the victim's name and contact

    The database refuses it after a day (trigger `victim_corrected`).
    """
    waiting_max: Annotated[int, Field(ge=1, le=100_000)]
    """missed calls that wait for an officer"""
    statements_max: Annotated[int, Field(ge=100, le=5_000)]
    """transfers that one complaint states, with those that it states again"""
    source: Annotated[str, Field(min_length=1, max_length=600)]
