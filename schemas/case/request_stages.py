"""Stages of a hold request, from the message that caused it to its delivery to the bank."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind, HopSource


class RequestStage(StrEnum):
    """Stage of a hold request. The order is that in which a request reaches them."""

    RECEIVED = "received"
    """the process has the head of the complaint, answer or command"""
    PLANNED = "planned"
    """the transaction has its time, and plans the request"""
    COMMITTED = "committed"
    WORKFLOW_BEGAN = "workflow_began"
    """Temporal gave the case's workflow the task in which it sends the request"""
    SENT = "sent"
    """the message began to leave"""
    DELIVERED = "delivered"
    """the bank's job id is written"""


class RequestStages(FrozenModel):
    """The moments of a hold request, and what may be told about it. It has no personal data."""

    request_id: UUID
    kind: HopSource
    """what caused the request; `desk` for every hop that was corrected or is asked about again"""
    institution: str
    channel: ChannelKind
    moments: dict[RequestStage, UtcDatetime]
    """the moments that are known"""

    def steps(self) -> Iterator[tuple[RequestStage, datetime, datetime]]:
        """Yield each stage with the moment of the stage before and its own moment, if both are known."""
        for before, stage in pairwise(RequestStage):
            if before in self.moments and stage in self.moments:
                yield stage, self.moments[before], self.moments[stage]
