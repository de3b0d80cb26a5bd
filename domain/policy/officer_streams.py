"""Part of the policy file on the streams of officers, in real time whatever the clock factor."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel


class OfficerStreamRules(FrozenModel):
    """Limits of the streams of officers, and their pace."""

    cases_max: Annotated[int, Field(ge=1, le=40)]
    """cases that one stream follows"""
    items_max: Annotated[int, Field(ge=1_000, le=1_000_000)]
    """open work items that one process knows; the newest ones, if there are more"""
    kept_events: Annotated[int, Field(ge=100, le=1_000_000)]
    """events that are kept in one process for callers who come again"""
    waiting_max: Annotated[int, Field(ge=10, le=100_000)]
    """things of which an event waits for one caller; a caller for whom more waits is too slow"""
    sends_at_once: Annotated[int, Field(ge=1, le=1_000)]
    """sendings to one caller without a pause; between them the newest event of each thing waits"""
    sends_per_second: Annotated[float, Field(gt=0, le=100)]
    """sendings to one caller after those"""
    all_sends_per_second: Annotated[float, Field(ge=10, le=100_000)]
    """sendings of one process to all callers together, so that many open streams leave time for other requests"""
    clock_seconds: Annotated[float, Field(ge=1, le=60)]
    """the server's time comes so often"""
    presence_seconds: Annotated[float, Field(ge=5, le=600)]
    """time for which an officer counts as looking after each call"""
    breaches_seconds: Annotated[float, Field(ge=1, le=600)]
    """pause between two looks for stages that passed their target"""
    source: Annotated[str, Field(min_length=3, max_length=600)]
