"""Merge of two cases that are one matter: preview, merge, and undo by two officers."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from activities.recovery import case_merges
from activities.recovery.case_merges import Done
from api.officers.auth import may
from api.officers.jurisdiction import refuse_outside, within_of
from api.officers.reads import ReadReason, note_cases
from api.officers.tokens import Officer
from api.params import INT64_MAX, AckNo
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import Services, TheServices
from schemas.base import WithReason
from schemas.recovery.case_merges import CaseMerge, CaseMerges, MergePreview, MergeQuestion, NewMerge

case_merges_router = APIRouter(prefix="/api/v1/cases/{ack_no}/merges", tags=["desk"], responses=IN_THE_DESCRIPTION)

MergeId = Annotated[int, Path(ge=1, le=INT64_MAX)]
Merger = Annotated[Officer, may(Action.MERGE_CASES)]
Decider = Annotated[Officer, may(Action.DECIDE_MERGE)]


@case_merges_router.get("", name="read_merges", responses=says(NOT_FOUND))
async def read(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], ack_no: AckNo
) -> CaseMerges:
    """List the merges of a case, the newest first, and the sums over all cases of them.

    Merges with cases that the officer does not read are left out. While one of them is in force, the sums are empty.
    """
    within = await within_of(services, officer, Action.READ_RESTORATION)
    return await case_merges.told_for(services.ctx, ack_no, within)


@case_merges_router.post("/preview", name="preview_merge", responses=says(NOT_NOW, NOT_FOUND))
async def preview(
    request: Request,
    services: TheServices,
    officer: Merger,
    ack_no: AckNo,
    asked: MergeQuestion,
    reason: ReadReason = None,
) -> MergePreview:
    """Return what a merge would be: sums, transfers that both cases tell, and what forbids it. Nothing is written."""
    await refuse_outside(services, officer, Action.MERGE_CASES, [asked.other_ack_no])
    shown = await case_merges.preview(services.ctx, ack_no, asked)
    await note_cases(request, services, officer, [shown.primary_case_no, shown.merged_case_no], reason or "")
    return shown


@case_merges_router.post("", name="merge_cases", status_code=201, responses=says(NOT_NOW, NOT_FOUND, LIMIT_EXCEEDED))
async def merge(services: TheServices, officer: Merger, ack_no: AckNo, new: NewMerge) -> CaseMerge:
    """Merge another case into this one.

    It is in force at once. Where the preview says so, a second officer has to agree first.
    """
    await refuse_outside(services, officer, Action.MERGE_CASES, [new.other_ack_no])
    return _told(services, await case_merges.merge(services.ctx, ack_no, new, officer.actor))


@case_merges_router.post(
    "/{merge_id}/agree", name="agree_to_merge", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND, LIMIT_EXCEEDED)
)
async def agree(
    services: TheServices, officer: Decider, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Agree to a merge that another officer has proposed. It is checked again and is then in force."""
    await _refuse_outside(services, officer, Action.DECIDE_MERGE, ack_no, merge_id)
    return _told(services, await case_merges.agree(services.ctx, ack_no, merge_id, why.reason, officer.actor))


@case_merges_router.post("/{merge_id}/reject", name="reject_merge", responses=says(NOT_NOW, NOT_FOUND))
async def reject(
    services: TheServices, officer: Decider, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Reject a merge that another officer has proposed. It then has no effect."""
    await _refuse_outside(services, officer, Action.DECIDE_MERGE, ack_no, merge_id)
    return _told(services, await case_merges.reject(services.ctx, ack_no, merge_id, why.reason, officer.actor))


@case_merges_router.post("/{merge_id}/undo", name="propose_merge_undo", responses=says(NOT_NOW, NOT_FOUND))
async def propose_undo(
    services: TheServices, officer: Merger, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Propose to undo a merge. It stays in force until a second officer has agreed."""
    await _refuse_outside(services, officer, Action.MERGE_CASES, ack_no, merge_id)
    return _told(services, await case_merges.propose_undo(services.ctx, ack_no, merge_id, why.reason, officer.actor))


@case_merges_router.post(
    "/{merge_id}/undo/agree", name="agree_to_merge_undo", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND)
)
async def agree_to_undo(
    services: TheServices, officer: Decider, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Undo a merge that another officer has proposed to undo. Each case counts its own transfers again."""
    await _refuse_outside(services, officer, Action.DECIDE_MERGE, ack_no, merge_id)
    return _told(services, await case_merges.agree_to_undo(services.ctx, ack_no, merge_id, why.reason, officer.actor))


@case_merges_router.post("/{merge_id}/undo/reject", name="reject_merge_undo", responses=says(NOT_NOW, NOT_FOUND))
async def reject_undo(
    services: TheServices, officer: Decider, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Reject the undo of a merge, which stays in force."""
    await _refuse_outside(services, officer, Action.DECIDE_MERGE, ack_no, merge_id)
    return _told(services, await case_merges.reject_undo(services.ctx, ack_no, merge_id, why.reason, officer.actor))


async def _refuse_outside(services: Services, officer: Officer, action: Action, ack_no: str, merge_id: int) -> None:
    """Check that the officer may act in both cases of a merge. Raises `OutsideJurisdiction` and `NotFound`."""
    both = await case_merges.cases_of(services.ctx, ack_no, merge_id)
    await refuse_outside(services, officer, action, both)


def _told(services: Services, done: Done) -> CaseMerge:
    """Return the merge, and notify the workflows of its cases."""
    merged, follow_ups = done
    for follow_up in follow_ups:
        services.notifier.soon(follow_up)
    return merged
