"""Measurement of a hold request that was just delivered: how long each of its stages took."""

from datetime import datetime

from activities.banks.delivery import Delivered
from activities.context import Context
from activities.metrics import METRICS
from db.case.requests import ToSend
from schemas.case.case_workflow import RequestTimes
from schemas.case.hold_requests import RequestStages
from schemas.enums import HopSource, RequestStage


def note_stages(
    ctx: Context,
    request: ToSend,
    times: RequestTimes | None,
    called_at: datetime,
    delivered: Delivered,
    delivered_at: datetime,
) -> None:
    """Record the stages of a request at its first delivery. `called_at` counts for a channel without exchanges."""
    times = times or RequestTimes()
    moments = {
        RequestStage.RECEIVED: times.received_at,
        RequestStage.PLANNED: request.sent_at,
        RequestStage.COMMITTED: times.committed_at,
        RequestStage.WORKFLOW_BEGAN: times.workflow_began_at,
        RequestStage.SENT: delivered.exchanges[-1].at if delivered.exchanges else called_at,
        RequestStage.DELIVERED: delivered_at,
    }
    stages = RequestStages(
        request_id=request.request_id,
        kind=_kind(request),
        institution=request.institution,
        channel=delivered.channel,
        moments={stage: moment for stage, moment in moments.items() if moment is not None},
    )
    METRICS.request_stages(stages)
    if ctx.trace is not None:
        ctx.trace(stages)


def _kind(request: ToSend) -> HopSource:
    """Return what caused the request, from its newest hop."""
    newest = max(request.hops, key=lambda hop: (hop.opened_at, hop.hop_no))
    return HopSource.DESK if newest.revision else newest.source
